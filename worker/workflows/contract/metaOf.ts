import type { WorkflowMeta } from "../../../protocol/runs.ts";
import { parseScript } from "./parseScript.ts";
import { ScriptProblem } from "./ScriptProblem.ts";

/** What a script says of itself. `problem`: why it cannot run, of one that was kept when it still could. */
export function metaOf(script: string, name: string): { meta: WorkflowMeta; problem?: string } {
  try {
    return { meta: parseScript(script).meta };
  } catch (error) {
    if (error instanceof ScriptProblem)
      return { meta: { name, description: "" }, problem: `Line ${error.line}: ${error.message}` };
    throw error;
  }
}
