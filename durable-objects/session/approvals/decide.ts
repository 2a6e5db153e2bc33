import type { Approval, Decision, Delivery } from "../../../protocol/approvals.ts";

/** A decision that took effect, or why it did not. */
export type Decided =
  | { ok: true; approval: Approval }
  | { ok: false; reason: "already_decided"; message: string };

/** Who decides, when, and with what. */
export type Given = {
  by: string;
  now: number;
  editedInput: string | null;
  /** The rule that decides; `decided_on_host`: on its host already. */
  rule?: Pick<Approval, "rule" | "decided_on_host">;
};

/** The approval after a decision. Pure: only a pending one can be decided, only once, and only in its time. */
export function decide(
  approval: Approval,
  decision: Decision,
  { by, now, editedInput, rule }: Given,
): Decided {
  if (approval.status !== "pending")
    return { ok: false, reason: "already_decided", message: howItEnded(approval) };
  if (isOver(approval, now))
    return { ok: false, reason: "already_decided", message: howItEnded(end(approval, "expired", now)) };
  const allowed = decision.decision === "allow";
  return {
    ok: true,
    approval: {
      ...approval,
      status: allowed ? "allowed" : "denied",
      delivery: "pending",
      decided_by: by,
      decided_at: now,
      decision_scope: decision.scope ?? "once",
      message: decision.message ?? null,
      edited_input: allowed ? editedInput : null,
      ...rule,
      version: approval.version + 1,
    },
  };
}

/** Whether the time for a decision has run out, also when no alarm has said so yet. */
export function isOver({ expires_at }: Pick<Approval, "expires_at">, now: number): boolean {
  return expires_at !== null && expires_at <= now;
}

/** The approval after it ended without a decision. */
export function end(
  approval: Approval,
  status: "expired" | "withdrawn",
  now: number,
  delivery: Delivery = "gone",
): Approval {
  if (approval.status !== "pending") return approval;
  return { ...approval, status, delivery, decided_at: now, version: approval.version + 1 };
}

/**
 * The approval after its requester took the decision in; the first word about it stays, unless that was that nobody
 * knows, or the later one is `sure`.
 */
export function deliver(approval: Approval, delivery: Delivery, sure = false): Approval {
  const decided = approval.status === "allowed" || approval.status === "denied";
  const open = approval.delivery === "pending" || approval.delivery === "indeterminate" || (sure && decided);
  if (!open || approval.delivery === delivery) return approval;
  return { ...approval, delivery, version: approval.version + 1 };
}

function howItEnded({ requester, status, decided_by, decided_at }: Approval): string {
  const at = decided_at === null ? "" : ` at ${new Date(decided_at).toISOString()}`;
  if (status === "expired" && requester !== "edge")
    return `This approval has expired${at}: nobody decided here in time. Its agent may still ask at its terminal.`;
  if (status === "expired")
    return `This approval has expired${at}: nobody decided in time, and it did not run.`;
  if (decided_by === null) return `This approval is ${status}; nobody needs to decide it any more.`;
  return `${decided_by} has ${status} this already${at}.`;
}
