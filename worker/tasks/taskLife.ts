import type { JobEnd } from "../../protocol/jobs.ts";
import type { tasks } from "../db/schema.ts";

export type TaskRow = typeof tasks.$inferSelect;
export type TaskChange = Partial<Omit<TaskRow, "id" | "team" | "version">>;

/** How long whoever claimed a task has time to start it. */
export const LEASE_MS = 60_000;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 10 * 60_000;

/** When a task that failed so often is tried again. */
export function retryAt(tries: number, now: number): number {
  return now + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 4 ** (tries - 1));
}

/** Its session's work has ended. Null when that was told before. */
export function ended(row: TaskRow, session: string, end: JobEnd, now: number): TaskChange | null {
  if ((row.status !== "running" && row.status !== "claimed") || row.session !== session) return null;
  const sum = {
    lease_until: null,
    result: end.text,
    blob: end.blob,
    error: end.error,
    input_tokens: row.input_tokens + end.tokens.input,
    cached_tokens: row.cached_tokens + end.tokens.cached,
    output_tokens: row.output_tokens + end.tokens.output,
  };
  if (end.outcome === "failed" && row.tries < row.most_tries && row.cancelled_by === null)
    return { ...sum, status: "queued", not_before: retryAt(row.tries, now) };
  return { ...sum, status: end.outcome, ended_at: now };
}

/** It could not be started at all. */
export function refused(row: TaskRow, session: string, why: string, now: number): TaskChange | null {
  if (row.status !== "claimed" || row.session !== session) return null;
  return row.cancelled_by === null
    ? { status: "failed", lease_until: null, error: why, ended_at: now }
    : { status: "cancelled", lease_until: null, error: `Stopped by ${row.cancelled_by}.`, ended_at: now };
}

/** Its messages of a round could not be dealt with, however often that was tried. */
export function died(row: TaskRow, round: number, why: string, now: number): TaskChange | null {
  if ((row.status !== "queued" && row.status !== "claimed") || row.round !== round) return null;
  return { status: "dead", lease_until: null, error: why, ended_at: now };
}

/** Somebody wants its end: at once while it waits, otherwise its session is to tell it. */
export function cancelled(row: TaskRow, by: string, now: number): TaskChange | null {
  if (row.status === "queued")
    return {
      status: "cancelled",
      cancelled_by: by,
      error: `Stopped by ${by}.`,
      not_before: null,
      ended_at: now,
    };
  if (row.status !== "claimed" && row.status !== "running") return null;
  return row.cancelled_by === null ? { cancelled_by: by } : null;
}

/** Somebody wants it tried again, from the beginning. Null while it is not over. */
export function retried(row: TaskRow): TaskChange | null {
  if (row.ended_at === null) return null;
  return {
    status: "queued",
    round: row.round + 1,
    tries: 0,
    session: null,
    not_before: null,
    cancelled_by: null,
    error: null,
    result: null,
    blob: null,
    started_at: null,
    ended_at: null,
  };
}
