import * as z from "zod";

/** What the queue carries: which task is to be looked at. The task itself is a row in D1. */
export const TaskMessage = z.object({
  team: z.string(),
  task: z.string(),
  /** The task's `round` when it was sent. */
  round: z.number().int().default(0),
});
export type TaskMessage = z.infer<typeof TaskMessage>;
