import type { Session } from "../../../protocol/session.ts";
import type { Events } from "../SessionStore.ts";
import type { TurnStore } from "./TurnStore.ts";

/** What there is to tell of the running turn: `waiting` while something waits for a person, `working` otherwise; nothing when that was told. */
export function turnStatus(session: Session, turns: TurnStore, now: number): Events {
  const turn = turns.active();
  if (turn === null) return [];
  const waits = turns.calls(turn.number, turn.step).filter(({ state }) => state === "waiting");
  const status = waits.length > 0 ? "waiting" : "working";
  const reason =
    waits.length === 0
      ? null
      : waits.every(({ tool }) => tool === "ask_user")
        ? "question"
        : "needs permission";
  if (session.status === status && session.status_reason === reason) return [];
  return [{ at: now, event: { type: "status", status, reason } }];
}
