import type { Env } from "../../durable-objects/shared/env.ts";
import type { TaskMessage } from "./TaskMessage.ts";

/** Takes a batch of the queue of tasks, or of its dead letters. */
export async function consumeTasks(batch: MessageBatch<TaskMessage>, _env: Env): Promise<void> {
  batch.ackAll();
}
