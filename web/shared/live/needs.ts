import type { Approval } from "../../../protocol/approvals.ts";
import { isRunEnded, type Run } from "../../../protocol/run.ts";
import { needsAttention, type Session } from "../../../protocol/session.ts";
import { byUrgency } from "../lib/byUrgency.ts";
import type { HubState } from "./hubState.ts";

/** What waits for the person: approvals, runs that ask, and sessions that need a look for another reason. */
export type Needs = { approvals: Approval[]; runs: Run[]; sessions: Session[]; count: number };

/** Everything that needs the person; the one count that stands in the rail, on the phone's bar and in the tab. */
export function needsOf({
  approvals,
  sessions,
  runs,
}: Pick<HubState, "approvals" | "sessions" | "runs">): Needs {
  const pending = [...approvals.values()]
    .filter(({ status }) => status === "pending")
    .sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
  // A session that waits for an approval which is listed itself does not count once more.
  const covered = new Set(pending.map(({ session }) => session));
  const others = [...sessions.values()]
    .filter(
      (session) => needsAttention(session) && !(session.status === "waiting" && covered.has(session.id)),
    )
    .sort(byUrgency);
  const asking = [...runs.values()]
    .filter(({ asks, status }) => asks > 0 && !isRunEnded(status))
    .sort((a, b) => a.created_at - b.created_at);
  const count = pending.length + asking.length + others.length;
  return { approvals: pending, runs: asking, sessions: others, count };
}
