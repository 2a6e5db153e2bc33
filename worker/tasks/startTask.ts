import type { Env } from "../../durable-objects/shared/env.ts";
import { startJob } from "../jobs/startJob.ts";
import { settleTask } from "./settleTask.ts";
import type { TaskMessage } from "./TaskMessage.ts";
import { refused } from "./taskLife.ts";
import { changeTask, claimTask, readTask, specOf, taskRuns } from "./taskStore.ts";

/**
 * Starts a task whose turn it is. One that somebody claimed and did not start is started in the session that was chosen
 * then, so that it runs once, however often this is called. Throws when that should be tried again.
 */
export async function startTask(env: Env, { team, task: id }: TaskMessage): Promise<void> {
  const key = { team, id };
  const row = (await claimTask(env, key, Date.now())) ?? (await readTask(env, team, id));
  // What has no room stays queued: whatever ends makes room and wakes it.
  if (row?.status !== "claimed" || row.session === null) return;
  const { session, title, by } = row;
  const owner = { kind: "task", id, title } as const;
  const made = await startJob(env, { team, session, owner, title, spec: specOf(row), by });
  if (!("refused" in made)) return taskRuns(env, key, session);
  const over = await changeTask(env, key, (now) => refused(now, session, made.message, Date.now()));
  if (over !== null) await settleTask(env, over);
}
