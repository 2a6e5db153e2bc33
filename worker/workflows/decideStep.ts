import type { Env } from "../../durable-objects/shared/env.ts";
import type { StepDecision } from "../../protocol/runs.ts";
import { stopStep } from "./endRun.ts";
import { moveStep, readStep, type RunRow } from "./runStore.ts";
import { tellRun } from "./tellRun.ts";

/** A person's word about one step. The first counts; a sentence says why it came too late. */
export async function decideStep(
  env: Env,
  run: RunRow,
  key: string,
  decision: StepDecision,
  by: string,
): Promise<string | null> {
  const step = await readStep(env.DB, run.id, key);
  if (step === null) return "The run has no such step.";
  const base = { run: run.id, key };
  const ended_at = Date.now();
  if (decision.type === "answer" && step.kind !== "approval") return "This step asks nobody anything.";
  const moved =
    decision.type === "answer"
      ? await moveStep(env.DB, {
          ...base,
          event: "complete",
          set: { result: JSON.stringify(decision.approved), ended_at },
        })
      : await moveStep(env.DB, {
          ...base,
          event: "skip",
          set: { error: `Skipped by ${by}.`, ended_at },
        });
  // Told again even when it is settled already: the one who settled it may have got no further.
  await tellRun(env, run.id, { key });
  if (decision.type === "skip" && (moved || step.status === "skipped")) await stopStep(env, run, step, by);
  return moved ? null : "This step is over already.";
}
