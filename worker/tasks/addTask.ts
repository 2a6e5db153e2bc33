import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { clockName } from "../../durable-objects/shared/names.ts";
import { newId } from "../../protocol/ids.ts";
import type { NewTask } from "../../protocol/taskApi.ts";
import { DEFAULT_TASK_TRIES } from "../../protocol/tasks.ts";
import { titleOf } from "../../durable-objects/session/turn/titleOf.ts";
import { tasks } from "../db/schema.ts";
import type { TaskRow } from "./taskLife.ts";
import { publishTasks, readTask, sendTasks } from "./taskStore.ts";

/** Who asks for a task. `owed`: the chat that asks wants to be told how it ends. */
export type TaskOrigin = {
  team: string;
  by: string;
  parent?: { session: string; depth: number; owed: boolean };
};

/** Puts a task into the queue. The same id again changes nothing and answers what there is; null when it is another team's. */
export async function addTask(
  env: Env,
  wish: NewTask,
  { team, by, parent }: TaskOrigin,
): Promise<TaskRow | null> {
  const { spec, title, id = newId("tsk"), tries = DEFAULT_TASK_TRIES } = wish;
  // Before the row: from now on there is somebody who finds it, whatever happens to this request.
  await env.CLOCK.getByName(clockName(team)).watchTasks();
  const now = Date.now();
  const [row] = await drizzle(env.DB)
    .insert(tasks)
    .values({
      id,
      team,
      status: "queued",
      title: title ?? (titleOf(spec.prompt) || "Task"),
      spec: JSON.stringify(spec),
      host: spec.host ?? null,
      by,
      ...(parent === undefined
        ? {}
        : { parent: parent.session, depth: parent.depth, owed: Number(parent.owed) }),
      most_tries: tries,
      created_at: now,
    })
    .onConflictDoNothing()
    .returning();
  if (row === undefined) return readTask(env, team, id);
  await Promise.all([sendTasks(env, [row], now), publishTasks(env, team, [row])]);
  return row;
}
