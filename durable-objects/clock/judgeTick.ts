import type { Execution, Schedule } from "../../protocol/schedules.ts";
import { lastTime, nextTime } from "./nextTime.ts";

/** Later than this, the clock was not there: the execution is a catch-up. An alarm may be so late on a busy machine. */
export const LATE_MS = 60_000;
/** Executions that wait for the one before them, of one schedule. */
export const MOST_WAITING = 10;

/** What is to be done at a due time. `next_at`: when the schedule is due again. */
export type Tick = Pick<Execution, "due_at" | "cause" | "passed_over"> & {
  state: "starting" | "waiting" | "skipped" | "missed";
  next_at: number | null;
};

/**
 * Decides what a schedule that is due does: at most one execution, for the newest of the times that have passed.
 * `running`: executions whose work runs or is about to. `waiting`: those that wait for them.
 */
export function judgeTick(
  { when, catch_up, overlap, next_at }: Pick<Schedule, "when" | "catch_up" | "overlap"> & { next_at: number },
  { running, waiting }: { running: number; waiting: number },
  now: number,
): Tick {
  const { at: due_at, before: passed_over } = lastTime(when, next_at, now);
  const late = now - due_at > LATE_MS;
  const cause = late ? "catch_up" : "clock";
  const tick = { due_at, cause, passed_over, next_at: nextTime(when, Math.max(now, due_at)) } as const;
  if (late && catch_up === "none") return { ...tick, state: "missed" };
  return { ...tick, state: stateFor(overlap, running, waiting) };
}

function stateFor(overlap: Schedule["overlap"], running: number, waiting: number): Tick["state"] {
  if (overlap === "parallel" || running + waiting === 0) return "starting";
  return overlap === "queue" && waiting < MOST_WAITING ? "waiting" : "skipped";
}
