import { and, eq, inArray, isNotNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { runs, runSteps } from "../db/schema.ts";
import { cancelJob } from "../jobs/startJob.ts";
import { keepResult, type Kept } from "./keepResult.ts";
import { publishRun } from "./publishRun.ts";
import { sweepCache } from "./runCache.ts";
import { moveStep, readRun, type RunRow, type StepRow } from "./runStore.ts";
import { tellRun } from "./tellRun.ts";

/** How a run ends. `result` is JSON. */
export type RunEnd =
  | { status: "completed"; result: string }
  | { status: "failed"; error: string }
  | { status: "cancelled"; by: string };

const OPEN = ["queued", "running"] as const;

/** Ends a run, once: what still works for it is ended too, and what waits for it is told. */
export async function endRun(env: Env, id: string, end: RunEnd): Promise<void> {
  const run = await readRun(env.DB, id);
  if (run === null) return;
  const kept: Kept =
    end.status === "completed"
      ? await keepResult(env, run, "result", end.result)
      : { result: null, blob: null };
  const error =
    end.status === "failed" ? end.error : end.status === "cancelled" ? `Stopped by ${end.by}.` : null;
  await drizzle(env.DB)
    .update(runs)
    .set({ status: end.status, ...kept, error, ended_at: Date.now() })
    .where(and(eq(runs.id, id), inArray(runs.status, [...OPEN])));
  await stopSteps(env, run, end.status === "cancelled" ? end.by : run.by);
  const now = await readRun(env.DB, id);
  if (now !== null) await tellParent(env, now);
  await publishRun(env, id).catch((error: unknown) => logError("a run was not shown", error));
  await sweepCache(env, run);
}

/** Ends what a run has under way, and what was to end before and may not have been told: its edge may have died in between. */
async function stopSteps(env: Env, run: RunRow, by: string): Promise<void> {
  const left = ["pending", "running", "skipped", "timed_out", "cancelled"] as const;
  const open = await drizzle(env.DB)
    .select({ kind: runSteps.kind, session: runSteps.session })
    .from(runSteps)
    .where(and(eq(runSteps.run, run.id), inArray(runSteps.status, left), isNotNull(runSteps.session)));
  const now = Date.now();
  await drizzle(env.DB)
    .update(runSteps)
    .set({ status: "cancelled", ended_at: now })
    .where(and(eq(runSteps.run, run.id), inArray(runSteps.status, ["pending", "running"])));
  await Promise.all(open.map((step) => stopStep(env, run, step, by)));
}

/** Ends the session or the run of a step, if it has one. */
export async function stopStep(
  env: Env,
  run: RunRow,
  { kind, session }: Pick<StepRow, "kind" | "session">,
  by: string,
): Promise<void> {
  if (session === null) return;
  if (kind === "agent") await cancelJob(env, run.team, session, by);
  if (kind === "workflow") {
    await endRun(env, session, { status: "cancelled", by });
    await tellRun(env, session, {}).catch((error: unknown) =>
      logError("a run was not told of its end", error),
    );
  }
}

async function tellParent(env: Env, run: RunRow): Promise<void> {
  if (run.parent === null || run.parent_step === null) return;
  const base = { run: run.parent, key: run.parent_step };
  // What it has spent was spent by the step that it was.
  const also = { input_tokens: run.spent, ended_at: Date.now() };
  if (run.status === "completed")
    await moveStep(env.DB, {
      ...base,
      event: "complete",
      set: { result: run.result, blob: run.blob, ...also },
    });
  else
    await moveStep(env.DB, {
      ...base,
      event: "fail",
      set: { throws: 1, error: `${run.workflow}: ${run.error ?? "It failed."}`, ...also },
    });
  await tellRun(env, run.parent, { key: run.parent_step });
}
