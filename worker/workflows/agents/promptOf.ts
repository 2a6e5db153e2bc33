import type { AgentSpec } from "../StepSpec.ts";

/** Begins what is added to a prompt when the answer is to be JSON; the offline model looks for it. */
export const ANSWER_WITH_JSON = "Answer with one JSON object and nothing else. It fits this JSON Schema:";

/** What the agent is told. */
export function promptOf({ prompt, agentType, schema }: AgentSpec): string {
  const role = agentType === undefined ? "" : `You work as: ${agentType}.\n\n`;
  const form = schema === undefined ? "" : `\n\n${ANSWER_WITH_JSON}\n${JSON.stringify(schema)}`;
  return `${role}${prompt}${form}`;
}

/** What it is told when its answer does not fit. */
export function askAgain(schema: object, why: string): string {
  return `Your answer is not what was asked for:\n${why}\n\n${ANSWER_WITH_JSON}\n${JSON.stringify(schema)}`;
}
