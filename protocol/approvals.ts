import * as z from "zod";
import { ApprovalId, GrantId, HostId, RuleId, SessionId, TeamId } from "./ids.ts";
import { Provider } from "./session.ts";
import { AgentQuestion, DecisionOffer } from "./requests.ts";
import { ToolScope } from "./toolScope.ts";

/** Where an approval stands. Only `pending` can be decided; every other status is final. */
export const ApprovalStatus = z.enum(["pending", "allowed", "denied", "expired", "withdrawn"]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/**
 * What became of a decision: on its way, carried out, no longer wanted (`stale`: the requester had its answer from
 * elsewhere), its requester is `gone`, or its fate cannot be known.
 */
export const Delivery = z.enum(["none", "pending", "applied", "stale", "gone", "indeterminate"]);
export type Delivery = z.infer<typeof Delivery>;

export const DecisionScope = z.enum(["once", "session", "always"]);

/** One privileged act that waits for one decision, whoever asks. */
export const Approval = z.object({
  id: ApprovalId,
  team: TeamId,
  session: SessionId,
  host: HostId.nullable(),
  /** The directory on the host that it would run in. */
  workspace: z.string().nullable().optional(),
  requester: Provider,
  /** The requester's own id of the request; unique in the session. For the model loop: the tool call's id. */
  request: z.string().max(200),
  tool: z.string().max(100),
  scope: ToolScope,
  /** The exact input as JSON text, and its SHA-256: a decision holds for this input only. */
  input: z.string(),
  input_sha256: z.string(),
  /** What it would do, in one line, and what it would touch. */
  summary: z.string().max(500),
  touches: z.array(z.string().max(500)).max(50),
  /** Of an agent on a host: what it asks, what a decision may carry, whether only the screen vouches for it. */
  questions: z.array(AgentQuestion).optional(),
  offers: z.array(DecisionOffer).optional(),
  remembers: z.string().max(500).optional(),
  unverified: z.boolean().optional(),
  status: ApprovalStatus,
  delivery: Delivery,
  decided_by: z.string().nullable(),
  decided_at: z.number().nullable(),
  decision_scope: DecisionScope.nullable(),
  /** The rule that decided, and whether the host did so by its copy while it was away. */
  rule: RuleId.optional(),
  decided_on_host: z.boolean().optional(),
  /** Said to the requester with a denial. */
  message: z.string().nullable(),
  /** The input as the person changed it (JSON text), when they did. */
  edited_input: z.string().nullable(),
  created_at: z.number(),
  expires_at: z.number().nullable(),
  version: z.number().int(),
});
export type Approval = z.infer<typeof Approval>;

/** `POST /api/approvals/:id/decision`. */
export const Decision = z.object({
  decision: z.enum(["allow", "deny"]),
  scope: DecisionScope.optional(),
  /** End of a grant or rule; a grant without one ends with the session. */
  expires_at: z.number().optional(),
  /** Another input, of the tool's own schema. */
  input: z.record(z.string(), z.unknown()).optional(),
  message: z.string().max(4000).optional(),
  /** Of an agent that offers it: allowed, it does not ask for the same again; denied, it stops what it does. */
  remember: z.boolean().optional(),
  interrupt: z.boolean().optional(),
  /** Why a rule is made. */
  reason: z.string().max(500).optional(),
  /** For `always`: what the summary must begin with; without it, exactly this input. */
  pattern: z.string().min(1).max(500).optional(),
});
export type Decision = z.infer<typeof Decision>;

/** A scope allowed for a session, until it expires or is revoked. */
export const Grant = z.object({
  id: GrantId,
  session: SessionId,
  scope: ToolScope,
  by: z.string(),
  created_at: z.number(),
  expires_at: z.number().nullable(),
});
export type Grant = z.infer<typeof Grant>;

/** A standing decision of the team. */
export const Rule = z.object({
  id: RuleId,
  team: TeamId,
  tool: z.string().max(100),
  /** Any host, or any workspace, when null. */
  host: HostId.nullable(),
  workspace: z.string().nullable(),
  /** What the summary must begin with; null: exactly the input with this hash. */
  pattern: z.string().nullable(),
  input_sha256: z.string().nullable(),
  /** Of a rule that a decision made: the act that was decided, in words. */
  summary: z.string().optional(),
  reason: z.string(),
  by: z.string(),
  created_at: z.number(),
  expires_at: z.number().nullable(),
  /** Counts changes, from 1; a higher one is newer. */
  version: z.number().int().optional(),
  /** Who changed it last, and when. */
  changed_by: z.string().optional(),
  changed_at: z.number().optional(),
});
export type Rule = z.infer<typeof Rule>;
