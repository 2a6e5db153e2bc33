import { basename, dirname } from "node:path";
import type { WorktreeEntry } from "../../protocol/worktrees.ts";
import { explainRun } from "../run.ts";
import { inProgress } from "./inProgress.ts";
import { readGit } from "./readGit.ts";
import { gitOutput } from "./runGit.ts";

/** How a worktree stands, as git tells. */
export type WorktreeState = Pick<
  WorktreeEntry,
  "repo" | "branch" | "head" | "dirty" | "only_here" | "doing" | "ignored" | "problem"
>;

const LIMIT_MS = 6_000;
const MAX_LIST_BYTES = 8 * 1024 * 1024;
const MOST_IGNORED = 20;
const MAX_NAME = 200;
const MOST_COMMITS = 999;

/** Looks how a worktree stands; changes nothing there. What git does not say in time is null. */
export async function readWorktree(path: string, whole: AbortSignal): Promise<WorktreeState> {
  const signal = AbortSignal.any([whole, AbortSignal.timeout(LIMIT_MS)]);
  const ask = (args: string[], maxOutputBytes?: number) =>
    readGit(path, args, { signal, ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }) });
  const where = await ask(["rev-parse", "--path-format=absolute", "--git-common-dir", "--absolute-git-dir"]);
  const [commonDir, gitDir] = gitOutput(where)?.split("\n") ?? [];
  if (commonDir === undefined || gitDir === undefined)
    return {
      ...UNKNOWN,
      problem: `${signal.aborted ? "git did not answer in time" : explainRun("git", where)}.`,
    };
  const [head, branch, status] = await Promise.all([
    ask(["rev-parse", "--verify", "--quiet", "--short=12", "HEAD"]),
    ask(["symbolic-ref", "--quiet", "--short", "HEAD"]),
    ask(["status", "--porcelain", "-z", "--untracked-files=normal", "--ignored=matching"], MAX_LIST_BYTES),
  ]);
  const name = gitOutput(branch);
  const only = await ask([
    "rev-list",
    "--count",
    `--max-count=${MOST_COMMITS}`,
    "HEAD",
    "--not",
    ...(name === null ? [] : [`--exclude=${name}`]),
    "--branches",
    "--remotes",
    "--tags",
  ]);
  const listed = gitOutput(status);
  const entries = (listed ?? "").split("\0").filter((entry) => /^.. ./.test(entry));
  const onlyHere = gitOutput(only);
  return {
    repo: basename(commonDir) === ".git" ? dirname(commonDir) : commonDir,
    branch: name,
    head: gitOutput(head),
    dirty: listed === null ? null : entries.filter((entry) => !entry.startsWith("!!")).length,
    only_here: onlyHere === null ? (gitOutput(head) === null ? 0 : null) : Number(onlyHere),
    doing: inProgress(gitDir),
    ignored: entries
      .filter((entry) => entry.startsWith("!! "))
      .slice(0, MOST_IGNORED)
      .map((entry) => entry.slice(3, 3 + MAX_NAME)),
    problem:
      listed === null
        ? `${signal.aborted ? "git did not answer in time" : explainRun("git", status)}.`
        : null,
  };
}

const UNKNOWN: WorktreeState = {
  repo: null,
  branch: null,
  head: null,
  dirty: null,
  only_here: null,
  doing: null,
  ignored: [],
  problem: null,
};
