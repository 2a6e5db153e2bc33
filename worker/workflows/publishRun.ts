import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { hubName } from "../../durable-objects/shared/names.ts";
import type { Run } from "../../protocol/run.ts";
import { runs, runSteps } from "../db/schema.ts";
import type { RunRow } from "./runStore.ts";

/** Runs as lists show them. */
export async function toRuns(d1: D1Database, rows: RunRow[]): Promise<Run[]> {
  if (rows.length === 0) return [];
  const counts = await countSteps(
    d1,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => toRun(row, counts));
}

/** How many steps there are of each status. */
function countSteps(d1: D1Database, ids: string[]) {
  return drizzle(d1)
    .select({
      run: runSteps.run,
      status: runSteps.status,
      count: sql<number>`count(*)`,
      asks: sql<number>`sum(${runSteps.kind} = 'approval' AND ${runSteps.status} = 'running')`,
    })
    .from(runSteps)
    .where(sql`${runSteps.run} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`)
    .groupBy(runSteps.run, runSteps.status);
}

function toRun(row: RunRow, counts: Awaited<ReturnType<typeof countSteps>>): Run {
  const own = counts.filter(({ run }) => run === row.id);
  return {
    id: row.id,
    team: row.team,
    workflow: row.workflow,
    title: row.title,
    status: row.status,
    steps: Object.fromEntries(own.map(({ status, count }) => [status, count])),
    asks: own.reduce((sum, { asks }) => sum + asks, 0),
    budget: row.budget,
    spent: row.spent,
    error: row.error,
    parent: row.parent === null ? null : { run: row.parent, step: row.parent_step ?? "" },
    by: row.by,
    created_at: row.created_at,
    started_at: row.started_at,
    ended_at: row.ended_at,
    version: row.version,
  };
}

/** Tells the hub how a run stands. */
export async function publishRun(env: Env, id: string): Promise<void> {
  const [[row], counts] = await drizzle(env.DB).batch([
    drizzle(env.DB)
      .update(runs)
      .set({ version: sql`${runs.version} + 1` })
      .where(eq(runs.id, id))
      .returning(),
    countSteps(env.DB, [id]),
  ]);
  if (row === undefined) return;
  await env.HUB.getByName(hubName(row.team)).publish([{ kind: "run", run: toRun(row, counts) }]);
}
