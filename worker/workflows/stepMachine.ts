import type { StepStatus } from "../../protocol/run.ts";

/** What happens to a step. */
export type StepEvent = "start" | "complete" | "fail" | "skip" | "cancel" | "time_out";

const NEXT: Record<StepStatus, Partial<Record<StepEvent, StepStatus>>> = {
  pending: { start: "running", complete: "completed", fail: "failed", skip: "skipped", cancel: "cancelled" },
  running: {
    complete: "completed",
    fail: "failed",
    skip: "skipped",
    cancel: "cancelled",
    time_out: "timed_out",
  },
  completed: {},
  failed: {},
  skipped: {},
  cancelled: {},
  timed_out: {},
};

/** Where a step stands after an event; null when the event means nothing to it (any more). */
export function nextStatus(status: StepStatus, event: StepEvent): StepStatus | null {
  return NEXT[status][event] ?? null;
}

/** Whether a step will change no more. */
export function isSettled(status: StepStatus): boolean {
  return Object.keys(NEXT[status]).length === 0;
}

/** The states from which an event leads on. */
export function statesBefore(event: StepEvent): StepStatus[] {
  const all: StepStatus[] = [
    "pending",
    "running",
    "completed",
    "failed",
    "skipped",
    "cancelled",
    "timed_out",
  ];
  return all.filter((status) => nextStatus(status, event) !== null);
}
