import type { Approval, Decision } from "../../../protocol/approvals.ts";
import { isToolName, TOOLS } from "../../../protocol/tools.ts";

/** An input that its tool takes, and its JSON; or why it does not. */
export type Checked =
  | { ok: true; value: Record<string, unknown>; json: string }
  | { ok: false; message: string };

/** An input that a person has changed: of a tool of ours, as its schema takes it; of an agent, where it can be changed. */
export function editedInput(
  { requester, tool, offers, questions }: Approval,
  input: Record<string, unknown>,
): Checked {
  if (requester === "edge") return checkedInput(tool, input);
  if (questions === undefined && offers?.includes("edit") !== true)
    return { ok: false, message: `The input of ${tool} cannot be changed here.` };
  return { ok: true, value: input, json: JSON.stringify(input) };
}

/** Why a decision asks more of an agent than it can do; null when it does not. */
export function notOffered({ tool, offers = [] }: Approval, decision: Decision): string | null {
  const { decision: word, remember = false, interrupt = false } = decision;
  if (remember && !(word === "allow" && offers.includes("remember")))
    return `Nobody remembers that ${tool} was allowed; a grant or a rule can.`;
  if (interrupt && !(word === "deny" && offers.includes("interrupt")))
    return `What asks for ${tool} cannot be stopped with a decision.`;
  return null;
}

/** An input as its tool's schema takes it. */
export function checkedInput(tool: string, input: unknown): Checked {
  if (!isToolName(tool)) return { ok: false, message: `There is no tool ${tool}.` };
  const parsed = TOOLS[tool].input.safeParse(input);
  if (parsed.success) return { ok: true, value: { ...parsed.data }, json: JSON.stringify(parsed.data) };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    message:
      `The input of ${tool} is not valid: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
  };
}
