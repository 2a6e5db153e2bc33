import { and, asc, eq, isNull, lte, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { tasks } from "../db/schema.ts";
import type { TaskRow } from "./taskLife.ts";
import { hostHasRoom, IS_QUEUED, roomOf, sendTasks } from "./taskStore.ts";
import { tellParent } from "./tellParent.ts";

/** What follows when a try of a task has ended. May be done again. */
export async function settleTask(env: Env, row: TaskRow): Promise<void> {
  if (row.status === "queued") await sendTasks(env, [row], Date.now());
  else await tellParent(env, row);
  await wakeTasks(env, row.team);
}

/** Puts those that wait longest before the consumer, as many as there is room for. One more than that does no harm. */
export async function wakeTasks(env: Env, team: string): Promise<void> {
  const now = Date.now();
  const isDue = or(isNull(tasks.not_before), lte(tasks.not_before, now));
  const waiting = await drizzle(env.DB)
    .select({ team: tasks.team, id: tasks.id, round: tasks.round, not_before: tasks.not_before })
    .from(tasks)
    .where(and(eq(tasks.team, team), IS_QUEUED, isDue, hostHasRoom(env, team)))
    .orderBy(sql`${asc(tasks.created_at)} LIMIT max(0, ${roomOf(env, team)})`);
  await sendTasks(env, waiting, now);
}
