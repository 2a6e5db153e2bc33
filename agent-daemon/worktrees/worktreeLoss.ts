import { existsSync } from "node:fs";
import type { Worktree } from "../../protocol/session.ts";
import { explainRun } from "../run.ts";
import { inProgress } from "./inProgress.ts";
import { parseStatus } from "./parseStatus.ts";
import { gitOutput, runGit } from "./runGit.ts";

/** What would be gone with a worktree and its branch. */
export type WorktreeLoss =
  | {
      ok: true;
      files: string[];
      commits: string[];
      /** What git is in the middle of there. */
      doing?: string;
    }
  /** It could not be found out, so it must be treated as much. */
  | { ok: false; message: string };

/** Finds uncommitted files, and commits that no other branch, remote or tag has. */
export async function worktreeLoss(worktree: Worktree): Promise<WorktreeLoss> {
  const there = existsSync(worktree.path);
  const files: string[] = [];
  let doing: string | null = null;
  if (there) {
    const status = await runGit(worktree.path, ["status", "--porcelain", "-z", "--untracked-files=normal"]);
    const output = gitOutput(status);
    if (output === null) return { ok: false, message: explainRun("git", status) };
    files.push(...parseStatus(output));
    const gitDir = gitOutput(await runGit(worktree.path, ["rev-parse", "--absolute-git-dir"]));
    doing = gitDir === null ? null : inProgress(gitDir);
  }
  const more = doing === null ? {} : { doing };
  const branch = await runGit(worktree.repo, [
    "rev-parse",
    "--verify",
    "--quiet",
    `refs/heads/${worktree.branch}`,
  ]);
  const tips = [
    ...(there ? ["HEAD"] : []),
    ...(gitOutput(branch) === null ? [] : [`refs/heads/${worktree.branch}`]),
  ];
  if (tips.length === 0) return { ok: true, files, commits: [], ...more };
  const log = await runGit(there ? worktree.path : worktree.repo, [
    "log",
    "--format=%h %s",
    "--max-count=200",
    ...tips,
    "--not",
    ...(worktree.branch === "" ? [] : [`--exclude=${worktree.branch}`]),
    "--branches",
    "--remotes",
    "--tags",
  ]);
  const commits = gitOutput(log);
  if (commits === null) return { ok: false, message: explainRun("git", log) };
  return { ok: true, files, commits: commits.split("\n").filter((line) => line !== ""), ...more };
}

/** The loss as lines for a refusal; empty when nothing would be lost. */
export function describeLoss(loss: WorktreeLoss & { ok: true }): string[] {
  const lines = [
    ...(loss.doing === undefined ? [] : [`in progress: ${loss.doing}`]),
    ...loss.files.map((file) => `uncommitted: ${file}`),
    ...loss.commits.map((commit) => `only here: ${commit}`),
  ].map((line) => line.slice(0, 1000));
  return lines.length <= 100 ? lines : [...lines.slice(0, 99), `… and ${lines.length - 99} more`];
}
