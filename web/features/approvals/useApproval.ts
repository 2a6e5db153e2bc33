import type { Approval } from "../../../protocol/approvals.ts";
import { api } from "../../shared/api/endpoints.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { newestApproval } from "./approvalWords.ts";
import { startDecisions, type Sending } from "./decisions.ts";

/** The decisions of this page. */
export const decisions = startDecisions(api.decide);

/** The newest that is known of an approval, from the log, the hub and this page's own requests. */
export function useNewest(given: Approval | null): Approval | null {
  const { approvals } = useHub();
  const answered = useStore(decisions.answered);
  return given === null ? null : newestApproval(given, approvals.get(given.id), answered.get(given.id));
}

/** An approval as it stands, and what this page knows of its own decision on it. */
export function useApproval(given: Approval): { approval: Approval; sending: Sending | null } {
  const sending = useStore(decisions.sending).get(given.id) ?? null;
  return { approval: useNewest(given) ?? given, sending };
}
