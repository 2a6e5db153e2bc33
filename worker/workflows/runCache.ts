import { and, eq, inArray, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { runCache } from "../db/schema.ts";
import type { RunRow } from "./runStore.ts";

/** A known result counts for so long. */
export const CACHE_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** A longer result is not kept for the next run. */
const MAX_RESULT_CHARS = 256 * 1024;
/** Results kept for one workflow; the oldest go first. */
const MOST_RESULTS = 5_000;
const SWEPT = 500;

type Of = Pick<RunRow, "team" | "workflow">;

/** A result, and what it is of. */
export type KnownResult = { of: Of; key: string; result: string };

/** Keeps a result for the next run of the same workflow, if the statement before it in its batch has changed anything. */
export function remember(db: ReturnType<typeof drizzle>, { of, key, result }: KnownResult) {
  if (result.length > MAX_RESULT_CHARS) return [];
  const at = Date.now();
  return [
    db
      .insert(runCache)
      .select(sql`SELECT ${of.team}, ${of.workflow}, ${key}, ${result}, ${at} WHERE changes() > 0`)
      .onConflictDoUpdate({
        target: [runCache.team, runCache.workflow, runCache.key],
        set: { result, at },
      }),
  ];
}

/** Forgets what is too old, and the oldest of what is too much. */
export async function sweepCache(env: Env, { team, workflow }: Of): Promise<void> {
  const db = drizzle(env.DB);
  const of = and(eq(runCache.team, team), eq(runCache.workflow, workflow));
  await db.delete(runCache).where(and(of, lt(runCache.at, Date.now() - CACHE_AGE_MS)));
  const [{ count } = { count: 0 }] = await db
    .select({ count: sql<number>`count(*)` })
    .from(runCache)
    .where(of);
  if (count <= MOST_RESULTS) return;
  const oldest = db
    .select({ key: runCache.key })
    .from(runCache)
    .where(of)
    .orderBy(runCache.at)
    .limit(count - MOST_RESULTS + SWEPT);
  await db.delete(runCache).where(and(of, inArray(runCache.key, oldest)));
}
