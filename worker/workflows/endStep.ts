import type { Env } from "../../durable-objects/shared/env.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { logError } from "../../durable-objects/shared/logError.ts";

/** The event that a run waits for: the end of one round of a step's session. */
export function endOfStep({ session, round }: Pick<JobNotice, "session" | "round">): string {
  return `${session}-${round}`;
}

/** Hands the end of a step's session to its run. A run that is over takes nothing any more. */
export async function endStep(env: Env, notice: JobNotice): Promise<void> {
  const run = await env.RUNS.get(notice.owner.id);
  try {
    await run.sendEvent({ type: endOfStep(notice), payload: notice });
  } catch (error) {
    const { status } = await run.status();
    if (status !== "complete" && status !== "errored" && status !== "terminated") throw error;
    logError("a step ended after its run", error);
  }
}
