import type { Worktree } from "../../protocol/session.ts";
import { isWithin } from "../tools/isWithin.ts";
import { gitOutput, runGit } from "./runGit.ts";

/** The worktree under `root` that has this branch of the repository around `cwd`; null when there is none. */
export async function findWorktree(cwd: string, root: string, branch: string): Promise<Worktree | null> {
  const repo = gitOutput(await runGit(cwd, ["rev-parse", "--show-toplevel"]));
  if (repo === null) return null;
  const list = gitOutput(await runGit(repo, ["worktree", "list", "--porcelain", "-z"]));
  for (const entry of list?.split("\0\0") ?? []) {
    const lines = entry.split("\0");
    const path = lines.find((line) => line.startsWith("worktree "))?.slice("worktree ".length);
    const base = lines.find((line) => line.startsWith("HEAD "))?.slice("HEAD ".length);
    if (path === undefined || base === undefined || !isWithin(root, path)) continue;
    if (lines.includes(`branch refs/heads/${branch}`)) return { path, branch, base, repo };
  }
  return null;
}
