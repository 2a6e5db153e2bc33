import type { WorkflowMeta } from "../../../protocol/runs.ts";
import type { WorkflowListing } from "../../../protocol/workflowFiles.ts";
import { metaOf } from "./metaOf.ts";

/** Longest schema of arguments that a list carries, as JSON. */
const MOST_ARGS_CHARS = 8_000;

type File = {
  path: string;
  place: WorkflowListing["place"];
  root: string;
  script: string | null;
  hash: string | null;
  problem: string | null;
};

/** A file as lists show it: by the name that it gives itself, or a broken one by its file's, with what is wrong. */
export function listingOf({ path, place, root, script, hash, problem }: File): WorkflowListing {
  const at = { path, place, root, hash };
  const broken = (why: string): WorkflowListing => ({
    ...at,
    meta: { name: nameOf(path), description: "" },
    problem: why.slice(0, 1000),
  });
  if (script === null) return broken(problem ?? "It cannot be read.");
  const read = metaOf(script, nameOf(path));
  return read.problem === undefined
    ? { ...at, meta: fitting(read.meta), problem: null }
    : broken(read.problem);
}

function fitting({ args, ...meta }: WorkflowMeta): WorkflowMeta {
  return args === undefined || JSON.stringify(args).length > MOST_ARGS_CHARS ? meta : { ...meta, args };
}

/** A name for a file that says none itself. */
function nameOf(path: string): string {
  const base = path.split("/").at(-1)?.replace(/\.js$/, "") ?? "";
  const plain = base.replaceAll(/[\p{C}\p{Zl}\p{Zp}\\]/gu, "_").slice(0, 99);
  return /^[\p{L}\p{N}_]/u.test(plain) ? plain : `_${plain}`;
}
