import type { StepStatus } from "../../protocol/run.ts";

/** What happens to a step. `go_on`: it is asked again, or tried again. */
export type StepEvent = "start" | "go_on" | "complete" | "fail" | "skip" | "cancel" | "time_out";

/** Where each event leads, and from where; elsewhere it means nothing (any more). What nothing leads on from is settled. */
const EVENTS: Record<StepEvent, { from: StepStatus[]; to: StepStatus }> = {
  start: { from: ["pending"], to: "running" },
  go_on: { from: ["running"], to: "running" },
  complete: { from: ["pending", "running"], to: "completed" },
  fail: { from: ["pending", "running"], to: "failed" },
  skip: { from: ["pending", "running"], to: "skipped" },
  cancel: { from: ["pending", "running"], to: "cancelled" },
  time_out: { from: ["running"], to: "timed_out" },
};

/** The states from which an event leads on. */
export function statesBefore(event: StepEvent): StepStatus[] {
  return EVENTS[event].from;
}

/** The state that an event leads to. */
export function stateAfter(event: StepEvent): StepStatus {
  return EVENTS[event].to;
}

/** Whether a step will change no more. */
export function isSettled(status: StepStatus): boolean {
  return !Object.values(EVENTS).some(({ from }) => from.includes(status));
}
