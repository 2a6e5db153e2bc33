import type { Approval, DecisionScope, Delivery } from "../../../protocol/approvals.ts";
import type { ToolScope } from "../../../protocol/toolScope.ts";
import type * as z from "zod";

/** What a scope allows, in words: of one call, and of all of them. */
export const SCOPE_WORDS: Record<ToolScope, { one: string; all: string }> = {
  free: { one: "Changes nothing", all: "what changes nothing" },
  read: { one: "Reads in the workspace", all: "reading in the workspace" },
  read_outside: { one: "Reads outside the workspace", all: "reading outside the workspace" },
  write: { one: "Writes files", all: "writing files" },
  execute: { one: "Runs a program", all: "running programs" },
  type: { one: "Types into a terminal", all: "typing into terminals" },
  service: { one: "Restarts a service", all: "restarting services" },
};

export type ApprovalTone = "waiting" | "good" | "plain" | "bad";

const HOW: Record<z.infer<typeof DecisionScope>, string> = {
  once: "once",
  session: "for this session",
  always: "always",
};

const DELIVERED: Record<Delivery, string | null> = {
  none: null,
  pending: "on its way",
  applied: null,
  stale: "no longer wanted: it had its answer from elsewhere",
  gone: "who asked is gone",
  indeterminate: "it is not known whether it ran",
};

/** How an approval stands, in a line. */
export function approvalWords(
  approval: Pick<
    Approval,
    "status" | "decided_by" | "decision_scope" | "delivery" | "edited_input" | "questions" | "decided_on_host"
  >,
): { word: string; tone: ApprovalTone } {
  const by = approval.decided_by === null ? "" : ` by ${approval.decided_by}`;
  const after = DELIVERED[approval.delivery];
  const rest = after === null ? "" : `; ${after}`;
  switch (approval.status) {
    case "pending":
      return { word: approval.questions === undefined ? "Needs permission" : "Asks you", tone: "waiting" };
    case "allowed": {
      const how = approval.decision_scope === null ? "" : ` ${HOW[approval.decision_scope]}`;
      const where = approval.decided_on_host === true ? " on its host, which was away" : "";
      const edited = approval.edited_input === null ? "" : ", with another input";
      const unknown = approval.delivery === "indeterminate";
      return { word: `Allowed${how}${by}${where}${edited}${rest}`, tone: unknown ? "bad" : "good" };
    }
    case "denied":
      return { word: `Denied${by}${rest}`, tone: "plain" };
    case "expired":
      return { word: "Expired: nobody decided in time", tone: "plain" };
    case "withdrawn":
      return approval.delivery === "stale"
        ? { word: "Answered at the terminal", tone: "plain" }
        : { word: "Withdrawn: it is no longer asked for here", tone: "plain" };
  }
}

/** What a decision means while its host is away; null when the host is there, or none is needed. */
export function awaySentence(host: { name: string; presence: string } | null): string | null {
  if (host === null || host.presence === "online") return null;
  return `${host.name} is not connected. A decision is kept, and carried out when the host is back.`;
}

/** The newest of what is known of one approval. */
export function newestApproval(...known: (Approval | null | undefined)[]): Approval | null {
  return known.reduce<Approval | null>(
    (newest, each) =>
      each !== null && each !== undefined && (newest === null || each.version > newest.version)
        ? each
        : newest,
    null,
  );
}
