import type { Env } from "../../durable-objects/shared/env.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { cancelJob } from "../jobs/startJob.ts";
import { settleTask } from "./settleTask.ts";
import { startTask } from "./startTask.ts";
import { TaskMessage } from "./TaskMessage.ts";
import { died, LEASE_MS } from "./taskLife.ts";
import { changeTask, readTask, renewLeases } from "./taskStore.ts";

/** The queue of messages that could not be dealt with. */
const DEAD_LETTERS = "signalbox-tasks-dead";
/** A message that fails comes again later and later: with five tries it is dead after eight minutes. */
const FIRST_DELAY_S = 2;
const LONGEST_DELAY_S = 300;

/** Takes a batch of the queue of tasks, or of its dead letters. One that fails comes again and holds up no other. */
export async function consumeTasks(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const deal = batch.queue === DEAD_LETTERS ? bury : startTask;
  await Promise.all(
    batch.messages.map(async (message) => {
      const { success, data, error } = TaskMessage.safeParse(message.body);
      if (!success) {
        logError("a message that names no task is dropped", error);
        return message.ack();
      }
      try {
        await deal(env, data);
        message.ack();
      } catch (failed) {
        logError(`the task ${data.task} was not started (${message.attempts})`, failed);
        const delaySeconds = Math.min(LONGEST_DELAY_S, FIRST_DELAY_S * 4 ** (message.attempts - 1));
        message.retry({ delaySeconds });
        await renewLeases(env, [data.task], Date.now() + delaySeconds * 1_000 + LEASE_MS).catch(
          (again: unknown) => logError("the sweep may look at it too early", again),
        );
      }
    }),
  );
}

/** A task that could not be started, however often that was tried: it is shown as dead, and nothing of it runs. */
async function bury(env: Env, { team, task: id, round }: TaskMessage): Promise<void> {
  const row = await readTask(env, team, id);
  if (row?.status === "claimed" && row.round === round && row.session !== null)
    await cancelJob(env, team, row.session, "the dead letters");
  const why = row?.error ?? "It could not be started, however often that was tried.";
  const dead = await changeTask(env, { team, id }, (now) => died(now, round, why, Date.now()));
  if (dead !== null) await settleTask(env, dead);
}
