import * as z from "zod";
import { Rule } from "./approvals.ts";
import { HostId, RuleId } from "./ids.ts";

/** How long a host may go by its copy of the rules: as long as that, a rule that is revoked may hold on a host that is away. */
export const RULES_COPY_LIFE_MS = 24 * 60 * 60 * 1000;
/** Rules in one copy; a host that has more of them asks for the rest. */
export const MAX_COPIED_RULES = 1_000;
/** Characters of a copy: with its quotes escaped it must fit a frame. */
export const MAX_COPY_CHARS = 400_000;

/** Of a rule, what a host needs to go by it. */
export const HostRule = Rule.pick({
  id: true,
  tool: true,
  host: true,
  workspace: true,
  pattern: true,
  input_sha256: true,
  by: true,
  expires_at: true,
});
export type HostRule = z.infer<typeof HostRule>;

/** The team's rules that matter to a host, for when it is away. Copies are ordered by `issued_at`. */
export const RulesCopy = z.object({
  host: HostId,
  issued_at: z.number().int(),
  expires_at: z.number().int(),
  rules: z.array(HostRule).max(MAX_COPIED_RULES),
});
export type RulesCopy = z.infer<typeof RulesCopy>;

/** A copy as it travels and is kept: its JSON text, and that text's HMAC-SHA-256 (hex) by the host's key. */
export const SignedRules = z.object({
  copy: z.string().max(MAX_COPY_CHARS),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
});
export type SignedRules = z.infer<typeof SignedRules>;

/** A host's key is the HMAC-SHA-256 of this by the host's token: only the two who have the token can make it. */
export const RULES_KEY_LABEL = "signalbox rules copy v1";

/** That a host decided a request by a rule of its copy, while it was away. */
export const HostDecision = z.object({ rule: RuleId, by: z.string().max(200), at: z.number() });
export type HostDecision = z.infer<typeof HostDecision>;
