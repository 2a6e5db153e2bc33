import type { Session } from "../../../protocol/session.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { ApprovalCard } from "../approvals/ApprovalCard.tsx";

/** What an agent waits for, above whatever of the session is shown; the first answer counts, here or at its terminal. */
export default function PaneApprovals({ session }: { session: Session }) {
  const { approvals } = useHub();
  const waiting = [...approvals.values()]
    .filter((each) => each.session === session.id && each.status === "pending")
    .sort((a, b) => a.created_at - b.created_at);
  if (waiting.length === 0) return null;
  return (
    <section
      aria-label="Waits for you"
      className="max-h-[60%] shrink-0 overflow-y-auto border-b border-line bg-surface"
      data-testid="pane-approvals"
    >
      {waiting.map((approval) => (
        <div key={approval.id} className="mx-auto max-w-3xl p-3 not-first:border-t not-first:border-line">
          <ApprovalCard approval={approval} />
        </div>
      ))}
    </section>
  );
}
