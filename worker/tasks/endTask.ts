import type { Env } from "../../durable-objects/shared/env.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { ended } from "./taskLife.ts";
import { changeTask } from "./taskStore.ts";

/** A task's session has told how it ended. */
export async function endTask(env: Env, { team, session, owner, end }: JobNotice): Promise<void> {
  const task = { team, id: owner.id };
  await changeTask(env, task, (row) => ended(row, session, end, Date.now()));
}
