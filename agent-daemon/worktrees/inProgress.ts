import { existsSync } from "node:fs";
import { join } from "node:path";

const SIGNS: [string, string][] = [
  ["rebase-merge", "rebase"],
  ["rebase-apply", "rebase"],
  ["MERGE_HEAD", "merge"],
  ["CHERRY_PICK_HEAD", "cherry-pick"],
  ["REVERT_HEAD", "revert"],
  ["BISECT_LOG", "bisect"],
];

/** What git is in the middle of, by the files in a worktree's own git directory; null when nothing. */
export function inProgress(gitDir: string): string | null {
  return SIGNS.find(([file]) => existsSync(join(gitDir, file)))?.[1] ?? null;
}
