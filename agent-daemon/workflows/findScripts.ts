import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { MAX_WORKFLOW_FILES } from "../../protocol/workflowFiles.ts";
import type { RootRules } from "../tools/allowedRoot.ts";
import { isWithin } from "../tools/isWithin.ts";

/** Where workflow scripts lie, below a project and below the home directory. */
const FOLDERS = [".signalbox/workflows", ".claude/workflows"];

/** A file, or a directory of which something is to be said. */
export type FoundPath = { path: string; problem: string | null };

/**
 * The paths of the workflow scripts below one directory, each folder's by name, the first hundred of each. A folder that
 * is a link to somewhere else is not followed: what lies there would be shown.
 */
export async function findScripts(
  root: string,
  rules: Pick<RootRules, "closed" | "secrets">,
): Promise<FoundPath[]> {
  const found: FoundPath[] = [];
  for (const folder of FOLDERS) {
    const path = join(root, folder);
    const real = await realpath(path).catch(() => null); // there is none
    if (real === null) continue;
    const closed = rules.closed.some((each) => isWithin(each, real)) || rules.secrets.holds(real);
    if (closed || !isWithin(root, real)) {
      found.push({ path, problem: "It is a link to somewhere else, or closed; nothing in it is read." });
      continue;
    }
    const names = await readdir(real).catch(() => []); // gone since, or no directory
    const scripts = names.filter((name) => name.endsWith(".js")).sort();
    for (const name of scripts.slice(0, MAX_WORKFLOW_FILES))
      found.push({ path: join(path, name), problem: null });
    const more = scripts.length - MAX_WORKFLOW_FILES;
    if (more > 0)
      found.push({
        path,
        problem: `${more} more files lie here; only the first ${MAX_WORKFLOW_FILES} count.`,
      });
  }
  return found;
}
