import * as z from "zod";
import { TaskId } from "./ids.ts";
import { JobSpec } from "./jobs.ts";
import { MOST_TASK_TRIES, Task } from "./tasks.ts";

/** `GET /api/tasks/:id`: the whole of it. */
export const WholeTask = Task.extend({ spec: JobSpec, result: z.string().nullable() });
export type WholeTask = z.infer<typeof WholeTask>;

/** `POST /api/tasks`. */
export const NewTask = z.object({
  /** A caller's own new id makes a repeated request harmless. */
  id: TaskId.optional(),
  title: z.string().trim().min(1).max(200).optional(),
  tries: z.number().int().min(1).max(MOST_TASK_TRIES).optional(),
  spec: JobSpec,
});
export type NewTask = z.infer<typeof NewTask>;
