import type { Env } from "../../durable-objects/shared/env.ts";
import type { Work } from "../../protocol/work.ts";
import { problemOfInput } from "../workflows/contract/problemOfInput.ts";
import { findWorkflow } from "../workflows/findWorkflow.ts";

/** Why the workflow that is to be started does not take its arguments; null when it does, or is not there (yet). */
export async function problemOfArgs(env: Env, team: string, work: Work | undefined): Promise<string | null> {
  if (work?.kind !== "workflow") return null;
  const found = await findWorkflow(env, team, work.workflow);
  return found === null ? null : problemOfInput(found.script, work.args);
}
