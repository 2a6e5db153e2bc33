import { cancelJob } from "../jobs/startJob.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { begin } from "./agents/startStep.ts";
import { moveStep, readRun, readSteps, type RunRow, type StepRow } from "./runStore.ts";
import { isSettled } from "./stepMachine.ts";

/** What a run sees when it looks around: steps that are settled, in their order, and whether it is to end. */
export type Seen = { settled: string[]; cancelled: boolean };

/**
 * Looks after what is under way: what is settled is told, what has taken too long is ended, what should work and does not
 * is begun again (one that works notices nothing).
 */
export async function look(env: Env, run: RunRow, running: string[]): Promise<Seen> {
  const now = await readRun(env.DB, run.id);
  if (now === null || now.status === "cancelled") return { settled: [], cancelled: true };
  const rows = [...(await readSteps(env.DB, run.id, running)).values()];
  for (const row of rows) {
    if (isSettled(row.status)) continue;
    if (row.deadline !== null && row.deadline <= Date.now()) await timeOut(env, run, row);
    else await beginAgain(env, run, row);
  }
  const after = [...(await readSteps(env.DB, run.id, running)).values()];
  const settled = after
    .filter(({ status }) => isSettled(status))
    .toSorted((a, b) => (a.ended_at ?? 0) - (b.ended_at ?? 0) || a.n - b.n);
  return { settled: settled.map(({ key }) => key), cancelled: false };
}

async function beginAgain(env: Env, run: RunRow, row: StepRow): Promise<void> {
  const problem = await begin(env, run, row, JSON.parse(row.spec));
  if (problem === null) return;
  const set = { error: problem, throws: row.kind === "workflow" ? 1 : 0, ended_at: Date.now() };
  await moveStep(env.DB, { run: run.id, key: row.key, event: "fail", set });
}

async function timeOut(env: Env, run: RunRow, { key, session, kind }: StepRow): Promise<void> {
  const set = { error: "It took longer than it may.", ended_at: Date.now() } as const;
  const moved = await moveStep(env.DB, { run: run.id, key, event: "time_out", set });
  if (!moved || session === null) return;
  if (kind === "agent")
    await cancelJob(env, run.team, session, run.by).catch((error: unknown) =>
      logError("an agent was not ended", error),
    );
}
