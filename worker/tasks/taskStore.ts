import { and, eq, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { hubName } from "../../durable-objects/shared/names.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { newId } from "../../protocol/ids.ts";
import type { JobSpec } from "../../protocol/jobs.ts";
import { type Task, TASK_PROMPT_CHARS } from "../../protocol/tasks.ts";
import { tasks } from "../db/schema.ts";
import { LEASE_MS, type TaskChange, type TaskRow } from "./taskLife.ts";

/** What a task is for; it was parsed when it came. */
export function specOf({ spec }: Pick<TaskRow, "spec">): JobSpec {
  return JSON.parse(spec);
}

/** A task as lists show it. */
export function taskOf(row: TaskRow): Task {
  const { input_tokens: input, cached_tokens: cached, output_tokens: output } = row;
  const spec = specOf(row);
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

// As the indexes have it, letter by letter, so that they are used.
/** Holds for tasks that wait for their turn. */
export const IS_QUEUED = sql`${tasks.status} = 'queued'`;
/** Holds for tasks that are being started, or run. */
export const IS_ACTIVE = sql`${tasks.status} IN ('claimed', 'running')`;

/** What a task's agent said last, whole. */
export async function readResult(env: Env, { result, blob }: TaskRow): Promise<string | null> {
  const whole = blob === null ? null : await env.BLOBS.get(blob);
  return whole === null ? result : whole.text();
}

export type TaskKey = { team: string; id: string };

/** More of these would mean that something else changes the row without end. */
const MOST_RACES = 50;

/**
 * Changes a task by what it is at that moment, and tells the hub; `null` changes nothing. Answers the task as it is then, or null when nothing was changed.
 */
export async function changeTask(
  env: Env,
  { team, id }: TaskKey,
  change: (row: TaskRow) => TaskChange | null,
): Promise<TaskRow | null> {
  for (let race = 0; race < MOST_RACES; race++) {
    const row = await readTask(env, team, id);
    const set = row === null ? null : change(row);
    if (row === null || set === null) return null;
    const [changed] = await drizzle(env.DB)
      .update(tasks)
      .set({ ...set, version: row.version + 1 })
      .where(and(eq(tasks.id, id), eq(tasks.version, row.version)))
      .returning();
    if (changed !== undefined) {
      await publishTasks(env, team, [changed]);
      return changed;
    }
  }
  throw new Error(`The task ${id} changes too often.`);
}

/** Tells the hub of tasks as they are; what it misses, the sweep tells again. */
export async function publishTasks(env: Env, team: string, rows: TaskRow[]): Promise<void> {
  if (rows.length === 0) return;
  const changes = rows.map((row) => ({ kind: "task", task: taskOf(row) }) as const);
  await env.HUB.getByName(hubName(team))
    .publish(changes)
    .catch((error: unknown) => logError("a task is not published yet", error));
}

/** Puts tasks before the queue's consumer; what does not get there, the sweep finds. */
export async function sendTasks(
  env: Env,
  rows: Pick<TaskRow, "team" | "id" | "round" | "not_before">[],
  now: number,
): Promise<void> {
  const messages = rows.map(({ team, id, round, not_before }) => ({
    body: { team, task: id, round },
    delaySeconds: Math.max(0, Math.ceil(((not_before ?? 0) - now) / 1000)),
  }));
  for (let from = 0; from < messages.length; from += MESSAGES_AT_ONCE)
    await env.TASKS.sendBatch(messages.slice(from, from + MESSAGES_AT_ONCE)).catch((error: unknown) =>
      logError("tasks are not in the queue yet", error),
    );
}
const MESSAGES_AT_ONCE = 100;

/** How many of a team's tasks may run at once, how many of them on one host, and in one directory of it. */
export function limitsOf(env: Env): { team: number; host: number; workspace: number } {
  const of = (given: string | undefined, otherwise: number) =>
    Math.max(1, Number(given ?? otherwise) || otherwise);
  const host = of(env.SIGNALBOX_TASKS_PER_HOST, 4);
  return {
    team: of(env.SIGNALBOX_TASKS_AT_ONCE, 16),
    host,
    workspace: of(env.SIGNALBOX_TASKS_PER_WORKSPACE, host),
  };
}

/** Those that run. One that waits to be told how its own subagents end is not counted: they could never begin. */
const ACTIVE = sql`SELECT count(*) FROM ${tasks} AS other WHERE other.status IN ('claimed', 'running')
  AND NOT EXISTS (SELECT 1 FROM ${tasks} AS child
    WHERE child.parent = other.session AND child.owed = 1 AND child.ended_at IS NULL)`;

/** How many more of a team's tasks may run. */
export function roomOf(env: Env, team: string): SQL {
  return sql`(${limitsOf(env).team} - (${ACTIVE} AND other.team = ${team}))`;
}

/** Holds for a task while its host has room for one more, and its directory there; one in a worktree of its own is in nobody's way. */
export function hostHasRoom(env: Env, team: string): SQL {
  const { host, workspace } = limitsOf(env);
  const active = sql`${ACTIVE} AND other.team = ${team} AND other.host = ${tasks.host}`;
  const onHost = sql`(${active}) < ${host}`;
  if (workspace >= host) return sql`(${tasks.host} IS NULL OR ${onHost})`;
  const alone = sql`json_extract(${tasks.spec}, '$.worktree') IS NOT NULL`;
  const beside = sql`${active} AND json_extract(other.spec, '$.worktree') IS NULL
    AND json_extract(other.spec, '$.cwd') = json_extract(${tasks.spec}, '$.cwd')`;
  return sql`(${tasks.host} IS NULL OR ${onHost} AND (${alone} OR (${beside}) < ${workspace}))`;
}

/** Takes a task whose turn it is to start it, in a session of its own; null when it is not its turn, or there is no room. */
export async function claimTask(env: Env, { team, id }: TaskKey, now: number): Promise<TaskRow | null> {
  const isDue = or(isNull(tasks.not_before), lte(tasks.not_before, now));
  const [row] = await drizzle(env.DB)
    .update(tasks)
    .set({
      status: "claimed",
      session: newId("ses", now),
      tries: sql`${tasks.tries} + 1`,
      lease_until: now + LEASE_MS,
      not_before: null,
      started_at: sql`coalesce(${tasks.started_at}, ${now})`,
      version: sql`${tasks.version} + 1`,
    })
    .where(
      and(
        eq(tasks.id, id),
        eq(tasks.team, team),
        IS_QUEUED,
        isDue,
        hostHasRoom(env, team),
        sql`${roomOf(env, team)} > 0`,
      ),
    )
    .returning();
  return row ?? null; // pages learn of it when it runs; until then it waits, for them
}

/** Whoever looks after claimed tasks next leaves these alone until then: they are on their way again. */
export async function renewLeases(env: Env, ids: string[], until: number): Promise<void> {
  const among = sql`${tasks.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`; // D1 takes at most a hundred parameters
  await drizzle(env.DB)
    .update(tasks)
    .set({ lease_until: until })
    .where(and(among, eq(tasks.status, "claimed")));
}

/** The session of a claimed task is there. */
export async function taskRuns(env: Env, { team, id }: TaskKey, session: string): Promise<void> {
  const rows = await drizzle(env.DB)
    .update(tasks)
    .set({ status: "running", lease_until: null, version: sql`${tasks.version} + 1` })
    .where(and(eq(tasks.id, id), eq(tasks.session, session), eq(tasks.status, "claimed")))
    .returning();
  await publishTasks(env, team, rows);
}
