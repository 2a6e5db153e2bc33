import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MAX_COMPLETIONS, type Place } from "../../protocol/places.ts";
import { allowedRoot, type RootRules } from "../tools/allowedRoot.ts";
import { isWithin } from "../tools/isWithin.ts";
import { readGit } from "../worktrees/readGit.ts";
import { gitOutput } from "../worktrees/runGit.ts";

const LIMIT_MS = 5_000;
const MOST_ENTRIES = 5_000;

/** What a directory is, before anything is started in it, and how its path could go on. */
export async function readPlace(directory: string, rules: RootRules): Promise<Place> {
  const path = directory.length > 1 ? directory.replace(/\/+$/, "") || "/" : directory;
  const exists = await isDirectory(path);
  const [allowed, git, completions] = await Promise.all([
    exists ? allowedRoot(rules, path) : null,
    exists ? readRepo(path) : null,
    complete(directory, rules),
  ]);
  return {
    status: "place",
    exists,
    workspace: allowed?.ok === true,
    why: allowed === null ? "There is no such directory on this host." : allowed.ok ? null : allowed.message,
    repo: git?.repo ?? null,
    branch: git?.branch?.slice(0, 300) ?? null,
    completions,
  };
}

async function readRepo(path: string): Promise<{ repo: string; branch: string | null } | null> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const [top, branch] = await Promise.all([
    readGit(path, ["rev-parse", "--show-toplevel"], { signal }),
    readGit(path, ["symbolic-ref", "--quiet", "--short", "HEAD"], { signal }),
  ]);
  const repo = gitOutput(top);
  return repo === null || repo === "" ? null : { repo, branch: gitOutput(branch) };
}

/** The directories whose path begins as this one, in order; what is closed to tools is not told of. */
async function complete(typed: string, rules: RootRules): Promise<Place["completions"]> {
  const parent = typed.endsWith("/") ? typed : dirname(typed);
  const begin = typed.endsWith("/") ? "" : basename(typed);
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => null); // not there, or not ours to see
  if (entries === null || entries.length > MOST_ENTRIES) return [];
  return entries
    .filter(
      (entry) =>
        (entry.isDirectory() || entry.isSymbolicLink()) &&
        entry.name.startsWith(begin) &&
        (begin.startsWith(".") || !entry.name.startsWith(".")),
    )
    .map((entry) => join(parent, entry.name))
    .filter((path) => !rules.secrets.holds(path) && !rules.closed.some((each) => isWithin(each, path)))
    .sort()
    .slice(0, MAX_COMPLETIONS)
    .map((path) => ({ path, repo: existsSync(join(path, ".git")) }));
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false, // not there, or not ours to see
  );
}
