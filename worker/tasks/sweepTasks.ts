import { and, eq, isNotNull, lt, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { allDone } from "../../durable-objects/shared/allDone.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import { hubName } from "../../durable-objects/shared/names.ts";
import { tasks } from "../db/schema.ts";
import { cancelSession } from "./cancelTask.ts";
import { wakeTasks } from "./settleTask.ts";
import { LEASE_MS, type TaskRow } from "./taskLife.ts";
import { IS_ACTIVE, IS_QUEUED, publishTasks, renewLeases, sendTasks } from "./taskStore.ts";
import { tellParent } from "./tellParent.ts";

/** How often a team's tasks are looked at while some are not over. */
export const SWEEP_MS = 20_000;
/** Tasks of one kind that a sweep sees to. */
const AT_ONCE = 500;

/**
 * Finds what was lost on its way: messages of the queue, what somebody claimed and did not start, a word to a session
 * that is to end, to a chat that waits, to the hub. `alone`: whoever had claimed tasks is gone. Answers whether there is
 * more to look after.
 */
export async function sweepTasks(
  env: Env,
  team: string,
  { alone = false }: { alone?: boolean } = {},
): Promise<boolean> {
  const db = drizzle(env.DB);
  const now = Date.now();
  const mine = eq(tasks.team, team);
  const some = (condition = sql`1`) => db.select().from(tasks).where(and(mine, condition)).limit(AT_ONCE);
  const [left, cancelled, owed, open] = await Promise.all([
    some(and(IS_ACTIVE, eq(tasks.status, "claimed"), alone ? undefined : lt(tasks.lease_until, now))),
    some(and(IS_ACTIVE, isNotNull(tasks.cancelled_by))),
    some(and(sql`${tasks.owed} = 1`, isNotNull(tasks.ended_at))),
    some(or(IS_QUEUED, IS_ACTIVE)),
  ]);
  if (left.length > 0)
    await renewLeases(
      env,
      left.map(({ id }) => id),
      now + LEASE_MS,
    );
  const untold = await findUntold(env, team, open);
  await allDone([
    sendTasks(env, left, now),
    wakeTasks(env, team),
    publishTasks(env, team, untold),
    ...cancelled.map((row) => cancelSession(env, row)),
    ...owed.map((row) => tellParent(env, row)),
  ]);
  return open.length > 0 || owed.length > 0 || untold.length > 0;
}

/** Tasks that the hub shows otherwise than they are. */
async function findUntold(env: Env, team: string, open: TaskRow[]): Promise<TaskRow[]> {
  const told = await env.HUB.getByName(hubName(team)).openTasks();
  const shown = new Map(told.map(({ id, version }) => [id, version]));
  const newer = open.filter(({ id, version }) => (shown.get(id) ?? 0) < version);
  for (const { id } of open) shown.delete(id);
  if (shown.size === 0) return newer;
  const ids = JSON.stringify([...shown.keys()].slice(0, AT_ONCE)); // as one parameter: D1 takes at most a hundred
  const rest = sql`${tasks.id} IN (SELECT value FROM json_each(${ids}))`;
  const rows = await drizzle(env.DB).select().from(tasks).where(rest);
  return [...newer, ...rows.filter(({ id, version }) => (shown.get(id) ?? 0) < version)];
}
