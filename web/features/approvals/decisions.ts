import type { Approval, Decision } from "../../../protocol/approvals.ts";
import { ApiFailure, failureSentence } from "../../shared/api/ApiFailure.ts";
import { createStore, type Store } from "../../shared/lib/createStore.ts";
import { newestApproval } from "./approvalWords.ts";

/** What this page knows of a decision it was asked to send. */
export type Sending =
  | { phase: "sending"; decision: Decision["decision"] }
  /** It is not known to have arrived, or was refused for what it says: it can be sent again. */
  | { phase: "failed"; message: string }
  /** Somebody or something else was first. */
  | { phase: "late"; message: string };

export type Decisions = {
  /** By approval. */
  sending: Pick<Store<ReadonlyMap<string, Sending>>, "get" | "subscribe">;
  /** Approvals as answers told them; the log and the hub tell the same, at their own time. */
  answered: Pick<Store<ReadonlyMap<string, Approval>>, "get" | "subscribe">;
  /** Sends a decision; once at a time for each approval. True when it is the one that counts. */
  decide(id: string, decision: Decision): Promise<boolean>;
};

/** Answers that are remembered. */
const MAX_ANSWERED = 200;

/** Sends decisions, outside of what is drawn: a card that scrolls away takes none along. */
export function startDecisions(send: (id: string, decision: Decision) => Promise<Approval>): Decisions {
  const sending = createStore<ReadonlyMap<string, Sending>>(new Map());
  const answered = createStore<ReadonlyMap<string, Approval>>(new Map());
  const note = (id: string, state: Sending | null): void => {
    const next = new Map(sending.get());
    if (state === null) next.delete(id);
    else next.set(id, state);
    sending.set(next);
  };

  return {
    sending,
    answered,
    async decide(id, decision) {
      if (sending.get().get(id)?.phase === "sending") return false;
      note(id, { phase: "sending", decision: decision.decision });
      try {
        const approval = await send(id, decision);
        const newest = newestApproval(answered.get().get(id), approval) ?? approval;
        answered.set(new Map([...answered.get(), [id, newest] as const].slice(-MAX_ANSWERED)));
        note(id, null);
        return true;
      } catch (error) {
        const gone = error instanceof ApiFailure && (error.status === 409 || error.status === 404);
        note(id, { phase: gone ? "late" : "failed", message: failureSentence(error) });
        return false;
      }
    },
  };
}
