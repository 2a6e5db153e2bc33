import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { sessionName } from "../../durable-objects/shared/names.ts";
import { idAs } from "../../protocol/ids.ts";
import { isRunEnded } from "../../protocol/run.ts";
import { isTaskEnded } from "../../protocol/tasks.ts";
import type { Work, WorkRef } from "../../protocol/work.ts";
import { runs } from "../db/schema.ts";
import { addTask } from "../tasks/addTask.ts";
import { readTask } from "../tasks/taskStore.ts";
import { problemOfInput } from "../workflows/contract/problemOfInput.ts";
import { findWorkflow } from "../workflows/findWorkflow.ts";
import { startRun } from "../workflows/startRun.ts";
import { messageCommand } from "../routes/sessions.ts";
import { Problem } from "../problem.ts";

/** What is to be started, and by whom. `id` names it: the same one again starts nothing anew. */
export type WorkOrder = { team: string; id: string; work: Work; by: string; title: string };

/** What was started, or why it never will be. */
export type Started = { ok: true; work: WorkRef } | { ok: false; message: string };

/** Starts what a schedule or a webhook asks for. Throws when it may be tried again. */
export async function startWork(env: Env, order: WorkOrder): Promise<Started> {
  switch (order.work.kind) {
    case "message":
      return sendMessage(env, order, order.work);
    case "task":
      return startTask(env, order, order.work);
    case "workflow":
      return startWorkflow(env, order, order.work);
  }
}

/** Whether what was started has ended, or is not there any more. */
export async function isWorkOver(env: Env, team: string, work: WorkRef): Promise<boolean> {
  switch (work.kind) {
    case "message":
      return true; // it waits its turn by itself
    case "task": {
      const task = await readTask(env, team, work.id);
      return task === null || isTaskEnded(task);
    }
    case "workflow": {
      const run = await drizzle(env.DB)
        .select({ status: runs.status })
        .from(runs)
        .where(and(eq(runs.id, work.id), eq(runs.team, team)))
        .get();
      return run === undefined || isRunEnded(run.status);
    }
  }
}

async function startTask(
  env: Env,
  { team, id, by, title }: WorkOrder,
  work: Extract<Work, { kind: "task" }>,
): Promise<Started> {
  const wish = { id: idAs("tsk", id), title: work.title ?? title, spec: work.spec };
  const task = await addTask(env, wish, { team, by });
  if (task === null) return { ok: false, message: "The id of the task names another team's." };
  return { ok: true, work: { kind: "task", id: task.id } };
}

async function startWorkflow(
  env: Env,
  { team, id, by, title }: WorkOrder,
  { workflow, args, defaults = {}, ...work }: Extract<Work, { kind: "workflow" }>,
): Promise<Started> {
  const found = await findWorkflow(env, team, workflow);
  if (found === null) return { ok: false, message: `There is no workflow ${workflow} (any more).` };
  const misfit = problemOfInput(found.script, args);
  if (misfit !== null) return { ok: false, message: misfit };
  const run = idAs("run", id);
  const fresh = { id: run, team, workflow, title, script: found.script, args, defaults, by };
  const budget = work.budget ?? null;
  await startRun(env, { ...fresh, budget, fresh: false, again: [], parent: null });
  return { ok: true, work: { kind: "workflow", id: run } };
}

async function sendMessage(
  env: Env,
  { team, id, by }: WorkOrder,
  { session, text }: Extract<Work, { kind: "message" }>,
): Promise<Started> {
  const object = env.SESSION.getByName(sessionName(team, session));
  const found = await object.read();
  if (found === null) return { ok: false, message: "Its session is not there any more." };
  const work = { kind: "message", id: session } as const;
  if (found.session.provider === "edge") {
    const said = await object.say({ id: idAs("msg", id), text, by, created_at: Date.now() }, []);
    return "refused" in said ? { ok: false, message: said.message } : { ok: true, work };
  }
  try {
    const command = messageCommand(found.session, text);
    const request = { id: idAs("cmd", id), command, by, expiresInMs: undefined };
    const answer = await object.command(request, 0);
    return "refused" in answer ? { ok: false, message: answer.message } : { ok: true, work };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, message: error.message };
    throw error;
  }
}
