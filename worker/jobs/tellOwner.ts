import type { Env } from "../../durable-objects/shared/env.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { endTask } from "../tasks/endTask.ts";
import { endStep } from "../workflows/endStep.ts";

/**
 * Tells the owner of a session how its job ended. Resolves when the owner has taken it, or is not there any more; the
 * same notice may come again.
 */
export async function tellOwner(env: Env, notice: JobNotice): Promise<void> {
  switch (notice.owner.kind) {
    case "task":
      return endTask(env, notice);
    case "run":
      return endStep(env, notice);
  }
}
