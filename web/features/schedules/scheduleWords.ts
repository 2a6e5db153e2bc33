import type { Execution, Schedule, When } from "../../../protocol/schedules.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long until then, as roughly as it matters. */
export function until(at: number, now: number): string {
  const ms = at - now;
  if (ms <= 0) return "now";
  if (ms < MINUTE) return `in ${Math.ceil(ms / 1_000)} s`;
  if (ms < HOUR) return `in ${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `in ${Math.round(ms / HOUR)} h`;
  return `in ${Math.round(ms / DAY)} days`;
}

/** A moment as the clocks of a time zone show it. */
export function inZone(at: number, time_zone: string): string {
  const format = {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  } as const;
  return new Intl.DateTimeFormat(undefined, { ...format, hourCycle: "h23", timeZone: time_zone }).format(at);
}

/** The time zone of this browser. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function zoneOf(when: When): string {
  return when.kind === "cron" ? when.time_zone : ownZone();
}

/** What became of an execution, in words and as a signal. */
export function executionWords({ state, cause, passed_over, error }: Execution): {
  text: string;
  tone: "done" | "waiting" | "trouble" | "muted";
} {
  const passed =
    passed_over === 0 ? "" : `; ${passed_over} earlier ${passed_over === 1 ? "time" : "times"} passed`;
  switch (state) {
    case "starting":
      return { text: "starting", tone: "muted" };
    case "waiting":
      return { text: "waits for the one before it", tone: "waiting" };
    case "started":
      return { text: `${CAUSES[cause]}${passed}`, tone: "done" };
    case "skipped":
      return { text: `skipped: the one before it still ran${passed}`, tone: "muted" };
    case "missed":
      return { text: `missed, and not made up for${passed}`, tone: "muted" };
    case "failed":
      return { text: error ?? "failed", tone: "trouble" };
  }
}

const CAUSES: Record<Execution["cause"], string> = {
  clock: "started",
  catch_up: "started late, to catch up",
  manual: "started by hand",
};

/** Common expressions, for whoever does not want to write one. */
export const COMMON = [
  { label: "Every hour", cron: "0 * * * *" },
  { label: "Every day at 9", cron: "0 9 * * *" },
  { label: "Weekdays at 9", cron: "0 9 * * MON-FRI" },
  { label: "Mondays at 9", cron: "0 9 * * MON" },
] as const;

/** What a schedule does when it was missed or overlaps, as one line. */
export function policyWords({ catch_up, overlap }: Pick<Schedule, "catch_up" | "overlap">): string {
  const late = catch_up === "one" ? "missed times are made up for once" : "missed times are left out";
  const busy = { skip: "skips while it runs", queue: "waits while it runs", parallel: "runs beside itself" }[
    overlap
  ];
  return `${busy}; ${late}`;
}
