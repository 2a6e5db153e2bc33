import { hostname } from "node:os";
import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { page } from "../../../protocol/api.ts";
import { newId, TaskId } from "../../../protocol/ids.ts";
import { JobSpec, readJobAgent } from "../../../protocol/jobs.ts";
import { WholeTask } from "../../../protocol/taskApi.ts";
import { Task } from "../../../protocol/tasks.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { callApi, type ApiAccess } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findHost } from "../findHost.ts";
import type { TasksArgs } from "../invocation.ts";
import { renderTask, renderTasks } from "../renderTasks.ts";
import { targetOf } from "../targetOf.ts";

const TaskPage = page(Task);
/** Tasks that a list shows, unless all are wanted. */
const NEWEST = 50;

/** `signalbox tasks`: lists tasks, adds one, shows, ends and runs them again. */
export async function tasks(args: TasksArgs, context: Context): Promise<number> {
  const api = targetOf(args, context);
  const show = (value: unknown, lines: string[]) => {
    if (args.json) context.print(JSON.stringify(value, null, 2));
    else for (const line of lines) context.print(line);
  };
  switch (args.action) {
    case "list": {
      const status = args.status.length === 0 ? "" : `&status=${args.status.join(",")}`;
      const { items } = await callApi(api, { path: `/api/tasks?limit=${NEWEST}${status}`, schema: TaskPage });
      show(items, renderTasks(items, Date.now()));
      return EXIT.ok;
    }
    case "add": {
      const spec = await readSpec(args, api);
      const body = { id: newId("tsk"), spec, ...(args.title === null ? {} : { title: args.title }) };
      const task = await callApi(api, { method: "POST", path: "/api/tasks", body, schema: Task });
      show(task, [`${task.id}  ${task.title}`]);
      return EXIT.ok;
    }
    case "show": {
      const task = await callApi(api, {
        path: `/api/tasks/${await findTask(api, args.text)}`,
        schema: WholeTask,
      });
      show(task, renderTask(task, Date.now()));
      return EXIT.ok;
    }
    case "cancel":
    case "retry": {
      const path = `/api/tasks/${await findTask(api, args.text)}/${args.action}`;
      const task = await callApi(api, { method: "POST", path, schema: Task });
      show(task, renderTasks([task], Date.now()));
      return EXIT.ok;
    }
  }
}

/** A chat that only thinks when no place is named; an agent, or what is to work somewhere, has its host. */
async function readSpec({ text, agent, ...args }: TasksArgs, api: ApiAccess): Promise<JobSpec> {
  const { model, mode, effort, worktree, ...place } = args;
  const somewhere = agent !== "edge" || place.host !== null || place.cwd !== null;
  const host = somewhere ? await findHost(api, place.host) : null;
  const here = host?.info?.hostname === hostname();
  const cwd = place.cwd === null ? (here ? process.cwd() : undefined) : resolve(place.cwd);
  const prompt = text === "-" ? (await readAll(process.stdin)).trim() : text;
  const spec = JobSpec.safeParse({
    ...readJobAgent(agent),
    prompt,
    host: host?.id,
    cwd,
    ...(model === null ? {} : { model }),
    ...(mode === null ? {} : { mode }),
    ...(effort === null ? {} : { effort }),
    ...(worktree === null ? {} : { worktree: { branch: worktree } }),
  });
  if (spec.success) return spec.data;
  const issue = spec.error.issues[0];
  throw new Sentence(`That is no task: ${issue?.path.join(".")} ${issue?.message}.`, EXIT.usage);
}

/** The one task that an id, or the end of one, means. */
async function findTask(api: ApiAccess, meant: string): Promise<string> {
  if (TaskId.safeParse(meant).success) return meant;
  const { items } = await callApi(api, { path: "/api/tasks?limit=200", schema: TaskPage });
  const [only, other] = items.filter(({ id }) => meant.length >= 4 && id.endsWith(meant));
  if (only === undefined) throw new Sentence(`There is no task ${meant}. \`signalbox tasks\` lists them.`);
  if (other !== undefined) throw new Sentence(`${meant} could be several tasks. Give more of the id.`);
  return only.id;
}
