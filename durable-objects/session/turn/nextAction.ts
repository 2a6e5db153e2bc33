import type { CallState } from "../../../protocol/events.ts";

/** Steps a turn may take; beyond it, the turn ends and says so. */
export const MOST_STEPS = 40;

export type TurnFacts = { step: number; phase: "model" | "calls"; cancelled: boolean; compact: boolean };

/** What a turn does next. `compact`: the conversation is shortened; `settle`: proposed calls are to be judged and sent; `wait`: for a decision, an answer or a result. */
export type Action = "ask_model" | "compact" | "settle" | "wait" | "next_step" | "cancel" | "stop_runaway";

const FINAL = new Set<CallState>(["completed", "failed", "denied", "expired", "indeterminate", "cancelled"]);

export function isFinal(state: CallState): boolean {
  return FINAL.has(state);
}

/** Decides by what is stored alone, so that it is the same before and after a crash. `calls`: the states of the step's calls. */
export function nextAction(turn: TurnFacts, calls: CallState[]): Action {
  const open = calls.filter((state) => !isFinal(state));
  // A call that runs on a host is waited for even when the turn is cancelled: its fate must be known.
  if (turn.cancelled) return open.includes("dispatched") ? "wait" : "cancel";
  if (turn.phase === "model") {
    if (turn.step > MOST_STEPS) return "stop_runaway";
    return turn.compact ? "compact" : "ask_model";
  }
  if (open.includes("proposed")) return "settle";
  return open.length > 0 ? "wait" : "next_step";
}
