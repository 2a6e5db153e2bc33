import type { WorkflowMeta } from "../../../protocol/runs.ts";
import { checkValue } from "../schema/checkValue.ts";

/** Why a workflow does not take these arguments, as sentences; null when it does, or does not say what it takes. None at all are as good as an empty object. */
export function checkArgs({ name, args: schema }: WorkflowMeta, args: unknown): string | null {
  if (schema === undefined) return null;
  const why = checkValue(args ?? {}, schema);
  if (why === null || (args == null && checkValue(null, schema) === null)) return null;
  return `The arguments do not fit what ${name} takes. ${why.split("\n").map(readable).join(" ")}`;
}

function readable(line: string): string {
  return line
    .replace(/^\/(?:: )?/, "")
    .replace(/Instance does not have required property ("[^]*")\.$/, "$1 is missing.");
}
