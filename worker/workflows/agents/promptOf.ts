import { withForm } from "../../models/jsonForm.ts";
import type { AgentSpec } from "../StepSpec.ts";

/** What the agent is told. Claude itself knows types of agents; to others it is only said. */
export function promptOf({ prompt, provider, agentType, schema }: AgentSpec): string {
  const words =
    agentType === undefined || provider === "claude" ? prompt : `You work as: ${agentType}.\n\n${prompt}`;
  return schema === undefined ? words : withForm(words, schema);
}

/** What it is told when its answer does not fit. */
export function askAgain(schema: object, why: string): string {
  return withForm(`Your answer is not what was asked for:\n${why}`, schema);
}
