import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { tasks } from "../db/schema.ts";
import { cancelTask } from "./cancelTask.ts";
import { settleTask } from "./settleTask.ts";
import { ended } from "./taskLife.ts";
import { changeTask, readTask } from "./taskStore.ts";

/** A task's session has told how it ended. Told again, only what follows from it is seen to again. */
export async function endTask(env: Env, { team, session, owner, end }: JobNotice): Promise<void> {
  const task = { team, id: owner.id };
  const row =
    (await changeTask(env, task, (now) => ended(now, session, end, Date.now()))) ??
    (await readTask(env, team, owner.id));
  if (end.outcome === "cancelled") await cancelChildren(env, team, session);
  if (row !== null && row.status !== "claimed" && row.status !== "running") await settleTask(env, row);
}

/** What a cancelled chat has handed on ends with it. */
async function cancelChildren(env: Env, team: string, session: string): Promise<void> {
  const open = await drizzle(env.DB)
    .select({ id: tasks.id })
    .from(tasks)
    .where(and(eq(tasks.parent, session), eq(tasks.team, team), isNull(tasks.ended_at)));
  for (const { id } of open) await cancelTask(env, team, id, `chat ${session}`);
}
