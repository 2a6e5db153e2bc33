import type { Env } from "../../durable-objects/shared/env.ts";
import { cancelJob } from "../jobs/startJob.ts";
import { settleTask } from "./settleTask.ts";
import { cancelled, refused, type TaskRow } from "./taskLife.ts";
import { changeTask, readTask } from "./taskStore.ts";

/** Ends a task: at once while it waits, otherwise by its session, which is told. Answers how it stands; null when there is none. */
export async function cancelTask(env: Env, team: string, id: string, by: string): Promise<TaskRow | null> {
  const key = { team, id };
  const row =
    (await changeTask(env, key, (now) => cancelled(now, by, Date.now()))) ?? (await readTask(env, team, id));
  if (row === null) return null;
  if (row.status === "cancelled") await settleTask(env, row);
  else await cancelSession(env, row);
  return readTask(env, team, id);
}

/** Tells the session of a cancelled task to end. */
export async function cancelSession(env: Env, row: TaskRow): Promise<void> {
  const { team, id, session, cancelled_by } = row;
  if ((row.status !== "claimed" && row.status !== "running") || session === null) return;
  const never = await cancelJob(env, team, session, cancelled_by ?? "somebody");
  if (!never) return;
  // It was claimed and not started, and never will be: nothing tells its end.
  const over = await changeTask(env, { team, id }, (now) =>
    refused(now, session, "It was not started.", Date.now()),
  );
  if (over !== null) await settleTask(env, over);
}
