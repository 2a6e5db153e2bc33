import type { Run, StepStatus } from "../../../protocol/run.ts";
import type { RunDetail, RunStep } from "../../../protocol/runs.ts";
import type { SessionStatus } from "../../../protocol/session.ts";

/** The sign of a run's state. */
export function runSignal({ status, asks }: Pick<Run, "status" | "asks">): SessionStatus {
  if (asks > 0) return "waiting";
  switch (status) {
    case "queued":
      return "starting";
    case "running":
      return "working";
    case "completed":
      return "done";
    case "failed":
      return "trouble";
    case "cancelled":
      return "idle";
  }
}

/** The state of a run in words. */
export function runWords({ status, asks }: Pick<Run, "status" | "asks">): string {
  if (asks > 0) return "waits for you";
  return status;
}

const STEP_SIGNALS: Record<StepStatus, SessionStatus> = {
  pending: "idle",
  running: "working",
  completed: "done",
  failed: "trouble",
  skipped: "idle",
  cancelled: "idle",
  timed_out: "trouble",
};

/** The sign of a step's state; `waits`: its session waits for a person. */
export function stepSignal({ kind, status }: RunStep, waits: boolean): SessionStatus {
  return status === "running" && (kind === "approval" || waits) ? "waiting" : STEP_SIGNALS[status];
}

export function stepWords({ kind, status, cached, attempt }: RunStep): string {
  if (cached) return "cached";
  if (status === "running" && kind === "approval") return "asks you";
  if (status === "timed_out") return "timed out";
  return status === "running" && attempt > 1 ? `running, try ${attempt}` : status;
}

/** The steps of a run by phase: those that its script names first, in its order, then the others as they came. */
export function byPhase({ phases, items }: Pick<RunDetail, "phases" | "items">): {
  title: string | null;
  detail: string | null;
  steps: RunStep[];
}[] {
  const named = phases.map(({ title }) => title);
  const met = items.map(({ phase }) => phase);
  return [...new Set([...named, ...met])]
    .map((title) => ({
      title,
      detail: phases.find((phase) => phase.title === title)?.detail ?? null,
      steps: items.filter(({ phase }) => phase === title),
    }))
    .filter(({ title, steps }) => title !== null || steps.length > 0);
}

/** When a step was, in parts of a hundred of the run. */
export function barOf(
  { started_at, ended_at }: Pick<RunStep, "started_at" | "ended_at">,
  run: { from: number; to: number },
): { left: number; width: number } | null {
  if (started_at === null) return null;
  const whole = Math.max(1, run.to - run.from);
  const left = Math.min(99, Math.max(0, ((started_at - run.from) / whole) * 100));
  const end = Math.min(100, (((ended_at ?? run.to) - run.from) / whole) * 100);
  return { left, width: Math.max(1, end - left) };
}

/** Thousands of tokens in as few characters as say it. */
export function tokens(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 100_000) return `${(count / 1_000).toFixed(1)}k`;
  return count < 1_000_000 ? `${Math.round(count / 1_000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}
