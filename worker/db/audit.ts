import { newId } from "../../protocol/ids.ts";
import { redact } from "../../protocol/redact.ts";
import type { Actor } from "../../durable-objects/shared/actor.ts";
import type { AuditEntry } from "../../durable-objects/shared/audit.ts";
import { saveAudit } from "../../durable-objects/shared/saveToIndex.ts";

/** Who did what to what, as an entry of the audit log. */
export function auditEntry(actor: Actor, action: string, target: string, detail = ""): AuditEntry {
  return {
    id: newId("aud"),
    team: actor.team,
    at: Date.now(),
    actor: actor.id,
    action,
    target,
    detail: redact(detail).slice(0, 1000),
  };
}

/** Notes who did what to what. */
export async function note(
  d1: D1Database,
  actor: Actor,
  action: string,
  target: string,
  detail = "",
): Promise<void> {
  await saveAudit(d1, auditEntry(actor, action, target, detail));
}
