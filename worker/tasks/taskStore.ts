import { and, eq, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { hubName } from "../../durable-objects/shared/names.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { JobSpec } from "../../protocol/jobs.ts";
import { type Task, TASK_PROMPT_CHARS } from "../../protocol/tasks.ts";
import { tasks } from "../db/schema.ts";
import type { TaskChange, TaskRow } from "./taskLife.ts";

/** A task as lists show it. */
export function taskOf(row: TaskRow): Task {
  const { input_tokens: input, cached_tokens: cached, output_tokens: output } = row;
  const spec = JobSpec.parse(JSON.parse(row.spec));
  return {
    id: row.id,
    team: row.team,
    title: row.title,
    prompt: spec.prompt.slice(0, TASK_PROMPT_CHARS),
    status: row.status,
    provider: spec.provider,
    host: row.host,
    cwd: spec.cwd ?? null,
    model: spec.model ?? null,
    by: row.by,
    parent: row.parent,
    session: row.session,
    tries: row.tries,
    most_tries: row.most_tries,
    not_before: row.not_before,
    cancelled_by: row.cancelled_by,
    error: row.error,
    tokens: { input, cached, output },
    created_at: row.created_at,
    started_at: row.started_at,
    ended_at: row.ended_at,
    version: row.version,
  };
}

export async function readTask(env: Env, team: string, id: string): Promise<TaskRow | null> {
  const mine = and(eq(tasks.id, id), eq(tasks.team, team));
  return (await drizzle(env.DB).select().from(tasks).where(mine).get()) ?? null;
}

/** Holds for tasks that are not over; as the index has it, so that it is used. */
export function isOpen(): SQL {
  return sql`${tasks.status} IN ('queued', 'claimed', 'running')`;
}

/** More of these would mean that something else changes the row without end. */
const MOST_RACES = 50;

/**
 * Changes a task by what it is at that moment, and tells the hub; `null` changes nothing, and neither does a condition
 * that does not hold. Answers the task as it is then, or null when nothing was changed.
 */
export async function changeTask(
  env: Env,
  { team, id }: { team: string; id: string },
  change: (row: TaskRow) => TaskChange | null,
  condition?: SQL,
): Promise<TaskRow | null> {
  for (let race = 0; race < MOST_RACES; race++) {
    const row = await readTask(env, team, id);
    const set = row === null ? null : change(row);
    if (row === null || set === null) return null;
    const [changed] = await drizzle(env.DB)
      .update(tasks)
      .set({ ...set, version: row.version + 1 })
      .where(and(eq(tasks.id, id), eq(tasks.version, row.version), condition))
      .returning();
    if (changed !== undefined) {
      await publishTasks(env, team, [changed]);
      return changed;
    }
    if (condition !== undefined && (await readTask(env, team, id))?.version === row.version) return null;
  }
  throw new Error(`The task ${id} changes too often.`);
}

/** Tells the hub of tasks as they are; what it misses, the sweep tells again. */
export async function publishTasks(env: Env, team: string, rows: TaskRow[]): Promise<void> {
  const changes = rows.map((row) => ({ kind: "task", task: taskOf(row) }) as const);
  await env.HUB.getByName(hubName(team))
    .publish(changes)
    .catch((error: unknown) => logError("a task is not published yet", error));
}

/** How many of a team's tasks may run at once, and how many of them on one host. */
export function limitsOf(env: Env): { team: number; host: number } {
  const of = (given: string | undefined, otherwise: number) =>
    Math.max(1, Number(given ?? otherwise) || otherwise);
  return { team: of(env.SIGNALBOX_TASKS_AT_ONCE, 16), host: of(env.SIGNALBOX_TASKS_PER_HOST, 4) };
}

/** Holds while there is room for one more of a team's tasks, and on its host. */
export function hasRoom(env: Env, team: string, host: string | null): SQL {
  const most = limitsOf(env);
  const active = sql`FROM ${tasks} AS other WHERE other.team = ${team} AND other.status IN ('claimed', 'running')`;
  const room = sql`(SELECT count(*) ${active}) < ${most.team}`;
  return host === null
    ? room
    : sql`${room} AND (SELECT count(*) ${active} AND other.host = ${host}) < ${most.host}`;
}
