import { and, eq, isNotNull, isNull, lt, notExists, sql } from "drizzle-orm";
import { alias, type AnySQLiteColumn } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/d1";
import { deleteBlobs } from "../../durable-objects/shared/deleteBlobs.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import { lifeSetting } from "../../durable-objects/shared/lifeSetting.ts";
import { runNotes, runs, runSteps, tasks } from "../db/schema.ts";
import { blobsOfRun } from "../workflows/keepResult.ts";

/** How long tasks and runs are kept after their end, unless the deployment says otherwise. */
export const KEEP_WORK_MS = 30 * 24 * 60 * 60 * 1000;
/** Tasks, and runs with all that is within them, that are forgotten at once. */
export const FORGOTTEN_AT_ONCE = { tasks: 200, runs: 20 } as const;

/**
 * Forgets some of a team's tasks and runs that ended long ago, with their results; their sessions stay. Nothing that runs
 * goes, nor what is a part of it. Blobs go first: what dies in between is found again by its row. Answers whether there
 * may be more to forget at once, and whether there is anything left at all.
 */
export async function forgetWork(env: Env, team: string): Promise<{ more: boolean; left: boolean }> {
  const before = Date.now() - lifeSetting("SIGNALBOX_KEEP_WORK", env.SIGNALBOX_KEEP_WORK, KEEP_WORK_MS);
  const forgotten = [await forgetTasks(env, team, before), await forgetRuns(env, team, before)];
  const db = drizzle(env.DB);
  const [task, run] = await db.batch([
    db.select({ id: tasks.id }).from(tasks).where(eq(tasks.team, team)).limit(1),
    db.select({ id: runs.id }).from(runs).where(eq(runs.team, team)).limit(1),
  ]);
  return { more: forgotten.includes(true), left: task.length + run.length > 0 };
}

/** What a chat has yet to be told of stays. */
async function forgetTasks(env: Env, team: string, before: number): Promise<boolean> {
  const db = drizzle(env.DB);
  const old = await db
    .select({ id: tasks.id, blob: tasks.blob })
    .from(tasks)
    .where(and(eq(tasks.team, team), lt(tasks.ended_at, before), eq(tasks.owed, 0)))
    .limit(FORGOTTEN_AT_ONCE.tasks);
  if (old.length === 0) return false;
  const blobs = old.flatMap(({ blob }) => blob ?? []);
  if (blobs.length > 0) await env.BLOBS.delete(blobs);
  // One that a person has had begun anew meanwhile is not over any more.
  await db.delete(tasks).where(
    and(
      isOneOf(
        tasks.id,
        old.map(({ id }) => id),
      ),
      lt(tasks.ended_at, before),
    ),
  );
  return old.length === FORGOTTEN_AT_ONCE.tasks;
}

/** A run goes with those within it, once all of them are over. */
async function forgetRuns(env: Env, team: string, before: number): Promise<boolean> {
  const db = drizzle(env.DB);
  const inner = alias(runs, "inner_run");
  const open = db
    .select({ id: inner.id })
    .from(inner)
    .where(and(eq(inner.team, team), eq(inner.root, runs.id), isNull(inner.ended_at)));
  const roots = await db
    .select({ id: runs.id })
    .from(runs)
    .where(
      and(
        eq(runs.team, team),
        lt(runs.created_at, before),
        lt(runs.ended_at, before),
        isNull(runs.parent),
        notExists(open),
      ),
    )
    .limit(FORGOTTEN_AT_ONCE.runs);
  if (roots.length === 0) return false;
  const ofRoots = and(
    eq(runs.team, team),
    isNotNull(runs.ended_at),
    isOneOf(
      runs.root,
      roots.map(({ id }) => id),
    ),
  );
  const old = (await db.select({ id: runs.id }).from(runs).where(ofRoots)).map(({ id }) => id);
  for (const id of old) await deleteBlobs(env.BLOBS, blobsOfRun({ team, id }));
  await db.batch([
    db.delete(runSteps).where(isOneOf(runSteps.run, old)),
    db.delete(runNotes).where(isOneOf(runNotes.run, old)),
    db.delete(runs).where(isOneOf(runs.id, old)),
  ]);
  return roots.length === FORGOTTEN_AT_ONCE.runs;
}

/** As one parameter: D1 takes at most a hundred. */
function isOneOf(column: AnySQLiteColumn, ids: string[]) {
  return sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}
