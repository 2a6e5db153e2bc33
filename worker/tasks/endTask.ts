import type { Env } from "../../durable-objects/shared/env.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { settleTask } from "./settleTask.ts";
import { ended } from "./taskLife.ts";
import { changeTask, readTask } from "./taskStore.ts";

/** A task's session has told how it ended. Told again, only what follows from it is seen to again. */
export async function endTask(env: Env, { team, session, owner, end }: JobNotice): Promise<void> {
  const task = { team, id: owner.id };
  const row =
    (await changeTask(env, task, (now) => ended(now, session, end, Date.now()))) ??
    (await readTask(env, team, owner.id));
  if (row !== null && row.status !== "claimed" && row.status !== "running") await settleTask(env, row);
}
