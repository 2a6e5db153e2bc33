import type { Approval } from "../../../protocol/approvals.ts";
import { needsAttention, type Session } from "../../../protocol/session.ts";
import { SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";

/** Why a person should look at a session, and since when. */
export type Need = {
  kind: "approval" | "question" | "waits" | "trouble" | "finished";
  words: string;
  since: number;
};

/** Who waits for a yes comes first, then who asks, then what failed, then what is done. */
const RANK: Record<Need["kind"], number> = { approval: 0, question: 1, waits: 1, trouble: 2, finished: 3 };
/** What finished longer ago than this is not held up to anybody any more. */
const NEWS_MS = 24 * 60 * 60_000;

/** What a session needs a person for; null when it does not. `looked`: when this browser last showed it. */
export function needOf(
  session: Session,
  waiting: readonly Approval[],
  { looked, now }: { looked: number; now: number },
): Need | null {
  if (needsAttention(session)) {
    const [first] = waiting;
    if (first !== undefined) {
      const more = waiting.length > 1 ? ` and ${waiting.length - 1} more` : "";
      return first.questions === undefined
        ? { kind: "approval", words: `Asks: ${first.summary}${more}`, since: first.created_at }
        : {
            kind: "question",
            words: `${first.questions[0]?.question ?? first.summary}${more}`,
            since: first.created_at,
          };
    }
    const words = session.status_reason ?? SIGNAL_WORDS[session.status];
    const kind = session.status === "trouble" ? "trouble" : "waits";
    return { kind, words, since: session.status_since };
  }
  if (session.job !== undefined) return null; // its owner tells
  const finished = session.finished_at ?? null;
  if (finished === null || finished <= Math.max(looked, session.seen_at ?? 0, now - NEWS_MS)) return null;
  return { kind: "finished", words: "Finished", since: finished };
}

/** The most urgent first; of the same kind, who has waited longest, but what finished last. */
export function byNeed(a: { need: Need; id: string }, b: { need: Need; id: string }): number {
  const newest = a.need.kind === "finished" ? -1 : 1;
  return (
    RANK[a.need.kind] - RANK[b.need.kind] || (a.need.since - b.need.since) * newest || (a.id < b.id ? -1 : 1)
  );
}
