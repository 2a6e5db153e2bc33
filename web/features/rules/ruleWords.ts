import type { Rule } from "../../../protocol/approvals.ts";
import { isToolName, TOOLS, type ToolName } from "../../../protocol/tools.ts";

/** The tools that ask for permission, and so can have rules. */
export const RULE_TOOLS: readonly ToolName[] = Object.keys(TOOLS)
  .filter(isToolName)
  .filter((name) => TOOLS[name].scope !== "free" && TOOLS[name].scope !== "read");

/** What a rule covers: how a call's line must begin, or the one call. */
export function coverage({ tool, pattern, summary }: Pick<Rule, "tool" | "pattern" | "summary">): {
  how: string;
  line: string;
} {
  if (pattern === null) return { how: "Exactly", line: summary ?? `${tool}, one input` };
  return pattern.trim() === tool
    ? { how: "Every call of", line: tool }
    : { how: "Begins with", line: pattern };
}

/** What is wrong with a pattern; null when nothing is. */
export function patternProblem(tool: string, pattern: string): string | null {
  if (pattern.trim() === "") return "Say how the call begins.";
  return pattern === tool || pattern.startsWith(`${tool} `)
    ? null
    : `A call of this tool begins with “${tool}”; the rule would never match.`;
}

/** Whether a rule's time is over. */
export function isOver({ expires_at }: Pick<Rule, "expires_at">, now: number): boolean {
  return expires_at !== null && expires_at <= now;
}
