import { hostname } from "node:os";
import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { page } from "../../../protocol/api.ts";
import { newId, TaskId } from "../../../protocol/ids.ts";
import { JobSpec, readJobAgent } from "../../../protocol/jobs.ts";
import { WholeTask } from "../../../protocol/taskApi.ts";
import { Task, TaskStatus } from "../../../protocol/tasks.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { callApi, type ApiAccess } from "../callApi.ts";
import type { Context } from "../context.ts";
import { findHost } from "../findHost.ts";
import { type TasksArgs, TASK_ACTIONS } from "../invocation.ts";
import { renderTask, renderTasks } from "../renderTasks.ts";
import { targetOf } from "../targetOf.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import {
  HOST_OPTION,
  JSON_OPTION,
  TARGET_OPTIONS,
  readAgent,
  readList,
  readTarget,
  readText,
} from "../readValues.ts";

/** `signalbox tasks` on the command line. */
export const tasksSpec: CommandSpec = {
  usage: "[list | add PROMPT… | show TASK | cancel TASK | retry TASK]",
  summary: "list tasks, add one for an agent that runs without you, look at it, end it, run it again",
  details:
    "A new task is a chat that only thinks, unless --host or --cwd name a place, or --agent an agent that works on\none. PROMPT may be - for what comes on standard input. A task is named by its id or the end of it.",
  options: {
    status: {
      type: "string",
      value: "LIST",
      help: `only these, separated by commas: ${TaskStatus.options.join(", ")}`,
    },
    agent: {
      type: "string",
      value: "NAME",
      help: "who does it: edge (default), claude, codex, opencode, or acp:NAME as the host's configuration names it",
    },
    provider: { type: "string", value: "NAME", help: "the same as --agent" },
    host: HOST_OPTION,
    cwd: {
      type: "string",
      value: "DIR",
      help: "directory on the host (default: this one, on this machine)",
    },
    model: { type: "string", value: "MODEL", help: "the model it talks to" },
    mode: {
      type: "string",
      value: "MODE",
      help: "how freely an agent acts, in its own word; otherwise it asks",
    },
    effort: { type: "string", value: "LEVEL", help: "how hard it thinks: low, medium, high …" },
    worktree: {
      type: "string",
      value: "BRANCH",
      help: "it works in a worktree of its own, on this new branch",
    },
    title: { type: "string", value: "TITLE", help: "what it is called" },
    json: JSON_OPTION,
    ...TARGET_OPTIONS,
  },
  words: { least: 0, most: 10_000 },
  read: (values, [word = "list", ...rest]) => {
    const action = TASK_ACTIONS.find((each) => each === word);
    if (action === undefined) throw new UsageProblem(`It is ${TASK_ACTIONS.join(", ")}; not ${word}.`);
    const said = rest.join(" ").trim();
    if (action !== "list" && said === "")
      throw new UsageProblem(
        `Something is missing: signalbox tasks ${action} ${action === "add" ? "PROMPT" : "TASK"}`,
      );
    return {
      command: "tasks",
      args: {
        ...readTarget(values),
        action,
        text: said,
        status: readList(values, "status", TaskStatus.options),
        agent: readAgent(readText(values, "agent") ?? readText(values, "provider")) ?? "edge",
        host: readText(values, "host"),
        cwd: readText(values, "cwd"),
        model: readText(values, "model"),
        mode: readText(values, "mode"),
        effort: readText(values, "effort"),
        worktree: readText(values, "worktree"),
        title: readText(values, "title"),
        json: values["json"] === true,
      },
    };
  },
};

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
