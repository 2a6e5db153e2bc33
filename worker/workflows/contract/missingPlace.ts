import type { ObjectExpression } from "acorn";
import type { RunDefaults } from "../../../protocol/runs.ts";
import { WHAT_TO_GIVE } from "../StepSpec.ts";
import { readProgram } from "./parseScript.ts";
import { isType, lineOf, walk } from "./walk.ts";

/**
 * What a run lacks for its script, before anything of it runs: an agent that is written with `isolation: 'worktree'`
 * works on a host. A sentence; null when nothing is known to be missing (what is only computed is refused when it is
 * called).
 */
export function missingPlace(script: string, { provider, host, cwd }: RunDefaults): string | null {
  if (!/\bisolation\b/.test(script)) return null;
  for (const node of walk(readProgram(script))) {
    if (!isType(node, "CallExpression") || !isType(node.callee, "Identifier") || node.callee.name !== "agent")
      continue;
    const [, options] = node.arguments;
    if (options === undefined || !isType(options, "ObjectExpression")) continue;
    const given = fieldsOf(options);
    if (given === null || given.get("isolation") !== "worktree") continue;
    const who = given.has("provider") ? given.get("provider") : (provider ?? "edge");
    const placed = (given.has("host") || host !== undefined) && (given.has("cwd") || cwd !== undefined);
    if (who !== "edge" && placed) continue;
    return `Line ${lineOf(node)}: agent() wants a worktree of its own (isolation: 'worktree'): ${WHAT_TO_GIVE}`;
  }
  return null;
}

/** The options that are written out, with their text where that is written out too; null when others may be among them. */
function fieldsOf(options: ObjectExpression): Map<string, unknown> | null {
  const fields = new Map<string, unknown>();
  for (const property of options.properties) {
    if (!isType(property, "Property") || property.computed || !isType(property.key, "Identifier"))
      return null;
    fields.set(property.key.name, isType(property.value, "Literal") ? property.value.value : undefined);
  }
  return fields;
}
