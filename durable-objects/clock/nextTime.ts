import { Cron } from "croner";
import type { When } from "../../protocol/schedules.ts";

/** Times that passed unseen are counted up to so many. */
const MOST_COUNTED = 1_000;

/**
 * The first time after `after`; null when there is none. Where the clocks are put forward, a time of day that does not
 * exist is due at the end of the gap; where they are put back, one that comes twice is due the first time.
 */
export function nextTime(when: When, after: number): number | null {
  if (when.kind === "once") return when.at > after ? when.at : null;
  return cronOf(when).nextRun(new Date(after))?.getTime() ?? null;
}

/** The next times, for a person to look at. */
export function nextTimes(when: When, after: number, count: number): number[] {
  const times: number[] = [];
  for (let at = nextTime(when, after); at !== null && times.length < count; at = nextTime(when, at))
    times.push(at);
  return times;
}

/** The newest time at or before `now`, of those from `first` on; and how many come before it (counted up to 1,000). */
export function lastTime(when: When, first: number, now: number): { at: number; before: number } {
  if (when.kind === "once") return { at: first, before: 0 };
  const cron = cronOf(when);
  // What is due in the same second counts, whatever the milliseconds.
  const reference = new Date(Math.floor(now / 1_000) * 1_000 + 1);
  const newest = cron.previousRuns(1, reference)[0]?.getTime() ?? first;
  if (newest <= first) return { at: first, before: 0 };
  let before = 0;
  for (let at: number | null = first; at !== null && at < newest && before < MOST_COUNTED; before++)
    at = cron.nextRun(new Date(at))?.getTime() ?? null;
  return { at: newest, before };
}

/** What is wrong with it, as a sentence; null when it has a time after `now`. */
export function problemOf(when: When, now: number): string | null {
  try {
    if (nextTime(when, now) !== null) return null;
  } catch (error) {
    if (when.kind === "cron" && !isTimeZone(when.time_zone))
      return `There is no time zone ${when.time_zone}.`;
    return `This is not a cron expression: ${error instanceof Error ? error.message : String(error)}.`;
  }
  return when.kind === "once" ? "This time has passed." : "This expression is never due.";
}

function cronOf({ cron, time_zone }: Extract<When, { kind: "cron" }>): Cron {
  return new Cron(cron, { timezone: time_zone, paused: true });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false; // what it says of it is for programmers
  }
}
