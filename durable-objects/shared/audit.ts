import type { Approval, Grant, Rule } from "../../protocol/approvals.ts";
import { idAs } from "../../protocol/ids.ts";
import { redact } from "../../protocol/redact.ts";
import type { audit } from "../../worker/db/schema.ts";

/** Who did what to what. The id is made from what it tells of, so that telling it twice is one row. */
export type AuditEntry = typeof audit.$inferSelect;

const DETAIL_CHARS = 1_000;

/** The entry of an approval that has ended; null while it waits. */
export function auditOfApproval(approval: Approval): AuditEntry | null {
  const { id, team, status, decided_at, decided_by, decision_scope, summary, rule } = approval;
  if (status === "pending" || decided_at === null) return null;
  return {
    id: idAs("aud", id),
    team,
    at: decided_at,
    actor: decided_by ?? (status === "expired" ? "clock" : "session"),
    action: ENDS[status],
    target: id,
    detail: detail(
      [decision_scope, summary, rule && `by ${rule}`, approval.decided_on_host && "on its host"]
        .filter(Boolean)
        .join(" "),
    ),
  };
}

const ENDS = {
  allowed: "approval.allow",
  denied: "approval.deny",
  expired: "approval.expire",
  withdrawn: "approval.withdraw",
} as const;

/** The entry of a grant that was given or ended. */
export function auditOfGrant(
  { id, session, scope }: Grant,
  state: "given" | "revoked" | "expired",
  { team, by, at }: { team: string; by: string; at: number },
): AuditEntry {
  const action = { given: "grant.give", revoked: "grant.revoke", expired: "grant.expire" }[state];
  return { id: `${idAs("aud", id)}.${state}`, team, at, actor: by, action, target: session, detail: scope };
}

/** The entry of a rule as it was made or changed. */
export function auditOfRule(rule: Rule): AuditEntry {
  const { id, team, tool, pattern, summary = tool, version = 1 } = rule;
  return {
    id: `${idAs("aud", id)}.${version}`,
    team,
    at: rule.changed_at ?? rule.created_at,
    actor: rule.changed_by ?? rule.by,
    action: version === 1 ? "rule.create" : "rule.change",
    target: id,
    detail: detail(pattern ?? `exactly ${summary}`),
  };
}

function detail(text: string): string {
  return redact(text).slice(0, DETAIL_CHARS);
}
