import type { Approval, Grant } from "./approvals.ts";
import type { HostRule } from "./hostRules.ts";
import type { Provider } from "./session.ts";
import type { ToolScope } from "./toolScope.ts";

/** A privileged act, as grants and rules look at it. */
export type Act = {
  requester: Provider;
  tool: string;
  scope: ToolScope;
  summary: string;
  input_sha256: string;
  host: string | null;
  workspace: string | null;
  /** Read off a screen: only a person answers it, each time. */
  unverified?: boolean | undefined;
};

/** An approval as the act it asks for. */
export function actOf({
  requester,
  tool,
  scope,
  summary,
  input_sha256,
  host,
  workspace = null,
  unverified,
}: Approval): Act {
  return { requester, tool, scope, summary, input_sha256, host, workspace, unverified };
}

const WITHOUT_ASKING = new Set<ToolScope>(["free", "read"]);

/** Whether acts of a scope need nobody's permission. */
export function isWithoutAsking(scope: ToolScope): boolean {
  return WITHOUT_ASKING.has(scope);
}

/** What lets an act happen now without a person: its scope, a grant of the session, a rule of the team; or null. */
export function isAllowed(act: Act, grants: Grant[], rules: HostRule[], now: number): { by: string } | null {
  if (act.unverified === true) return null;
  if (isWithoutAsking(act.scope)) return { by: "scope" };
  const grant = grants.find((each) => each.scope === act.scope && isOpen(each, now));
  if (grant !== undefined) return { by: grant.id };
  const rule = rules.find((each) => isOpen(each, now) && matches(each, act));
  return rule === undefined ? null : { by: rule.id };
}

function isOpen({ expires_at }: { expires_at: number | null }, now: number): boolean {
  return expires_at === null || expires_at > now;
}

/**
 * A rule without a pattern holds for exactly its input; one with a pattern for every summary that begins with it, at a
 * word's end. Where a shell reads the words, what follows them must be no other command.
 */
export function matches(
  rule: Pick<HostRule, "tool" | "host" | "workspace" | "pattern" | "input_sha256">,
  act: Omit<Act, "scope">,
): boolean {
  if (act.unverified === true || rule.tool !== act.tool) return false;
  if (rule.host !== null && rule.host !== act.host) return false;
  if (rule.workspace !== null && rule.workspace !== act.workspace) return false;
  if (rule.pattern === null) return rule.input_sha256 === act.input_sha256;
  if (isForShell(act) && act.summary.length >= SUMMARY_CHARS) return false; // its end is not known
  if (act.summary === rule.pattern) return true;
  const words = `${rule.pattern.trimEnd()} `;
  if (!act.summary.startsWith(words)) return false;
  return !isForShell(act) || !OTHER_COMMAND.test(act.summary.slice(words.length));
}

/** Whether a shell may read what is asked for: our own tools run argument vectors, but what is typed goes to whatever reads it. */
function isForShell({ requester, tool }: Pick<Act, "requester" | "tool">): boolean {
  return requester !== "edge" || tool === "type_into_pane";
}

/** What makes another command of what follows it, sends output to a file, or hides what is there. */
const OTHER_COMMAND = /[;&|<>`$()\r\n⏎]|\[(?:secret|private key)\]/;
/** A summary is cut to so many characters. */
const SUMMARY_CHARS = 500;
