import * as z from "zod";
import { HostId, SessionId, TaskId, TeamId } from "./ids.ts";
import { JobTokens } from "./jobTokens.ts";
import { Provider } from "./session.ts";

/**
 * Where a task stands. `claimed`: its session is being started. `dead`: it could not be started, however often that was
 * tried; it waits for a person.
 */
export const TaskStatus = z.enum([
  "queued",
  "claimed",
  "running",
  "completed",
  "failed",
  "cancelled",
  "dead",
]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Tries of a task, unless it says otherwise, and at most. */
export const DEFAULT_TASK_TRIES = 3;
export const MOST_TASK_TRIES = 10;
/** Characters of the prompt that lists carry. */
export const TASK_PROMPT_CHARS = 300;

/** A task as lists show it. Times are milliseconds since 1970. */
export const Task = z.object({
  id: TaskId,
  team: TeamId,
  title: z.string(),
  /** The beginning of the prompt. */
  prompt: z.string(),
  status: TaskStatus,
  provider: Provider,
  host: HostId.nullable(),
  cwd: z.string().nullable(),
  model: z.string().nullable(),
  /** Who asked for it; of one that a chat asked for, that chat's session. */
  by: z.string(),
  parent: SessionId.nullable(),
  /** The session of the last try. */
  session: SessionId.nullable(),
  tries: z.number().int(),
  most_tries: z.number().int(),
  /** It is not tried before. */
  not_before: z.number().nullable(),
  /** Somebody has asked for its end. */
  cancelled_by: z.string().nullable(),
  /** Why it failed, or why it is tried again. */
  error: z.string().nullable(),
  /** Of all tries that have ended. */
  tokens: JobTokens,
  created_at: z.number(),
  started_at: z.number().nullable(),
  ended_at: z.number().nullable(),
  /** Counts changes; a higher one is newer. */
  version: z.number().int(),
});
export type Task = z.infer<typeof Task>;

/** Whether it will go no further by itself. */
export function isTaskEnded({ status }: Pick<Task, "status">): boolean {
  return status !== "queued" && status !== "claimed" && status !== "running";
}
