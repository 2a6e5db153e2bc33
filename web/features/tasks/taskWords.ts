import type { Session, SessionStatus } from "../../../protocol/session.ts";
import type { Task } from "../../../protocol/tasks.ts";

/** Where a task stands: its sign and a word. */
export type TaskWords = { signal: SessionStatus; word: string };

/** What a task says of itself; `session` is where it runs, when that is known. */
export function taskWords(task: Task, session: Session | undefined, now: number): TaskWords {
  const { status, cancelled_by, not_before } = task;
  if (cancelled_by !== null && (status === "claimed" || status === "running"))
    return { signal: "working", word: "Ending" };
  switch (status) {
    case "queued":
      return { signal: "starting", word: (not_before ?? 0) > now ? "Tried again soon" : "Waits its turn" };
    case "claimed":
      return { signal: "starting", word: "Starting" };
    case "running":
      return session?.status === "waiting"
        ? { signal: "waiting", word: "Waiting for you" }
        : { signal: "working", word: "Running" };
    case "completed":
      return { signal: "done", word: "Done" };
    case "failed":
      return { signal: "trouble", word: "Failed" };
    case "cancelled":
      return { signal: "idle", word: "Cancelled" };
    case "dead":
      return { signal: "trouble", word: "Dead: it could not be started" };
  }
}

/** How long it has been under way, or took; null before it began. */
export function taskTime({ started_at, ended_at, not_before, created_at }: Task, now: number): number | null {
  if (started_at === null || not_before !== null) return null;
  return Math.max(0, (ended_at ?? now) - Math.max(started_at, created_at));
}

/** A number of tokens in as few characters as say it: `940`, `12.4k`, `1.2M`. */
export function tokenWords(tokens: number): string {
  if (tokens < 1_000) return String(tokens);
  const [size, unit] = tokens < 1_000_000 ? [1_000, "k"] : [1_000_000, "M"];
  return `${(tokens / size).toFixed(tokens < 100 * size ? 1 : 0)}${unit}`;
}
