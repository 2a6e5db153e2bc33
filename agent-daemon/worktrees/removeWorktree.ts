import { existsSync } from "node:fs";
import type { CommandResult } from "../../protocol/commands.ts";
import type { Worktree } from "../../protocol/session.ts";
import { DONE, failed } from "../parts.ts";
import { explainRun } from "../run.ts";
import { gitOutput, runGit } from "./runGit.ts";
import { describeLoss, worktreeLoss } from "./worktreeLoss.ts";

/** Removes a worktree and its branch, when nothing is lost by it. Doing it twice is harmless. */
export async function removeWorktree(worktree: Worktree): Promise<CommandResult> {
  const ref = `refs/heads/${worktree.branch}`;
  // The commit is read before the check: a commit that comes in between makes the deletion fail, not disappear.
  const tip = gitOutput(await runGit(worktree.repo, ["rev-parse", "--verify", "--quiet", ref]));
  const loss = await worktreeLoss(worktree);
  if (!loss.ok) return failed("git_failed", `It is not known whether work would be lost: ${loss.message}.`);
  const details = describeLoss(loss);
  if (details.length > 0) {
    return failed("would_lose_work", `${worktree.path} holds work that is nowhere else.`, details);
  }
  if (existsSync(worktree.path)) {
    // Without --force git itself refuses when a file has been changed since the check.
    const removed = await runGit(worktree.repo, ["worktree", "remove", worktree.path], 60_000);
    if (gitOutput(removed) === null) {
      return failed("git_failed", `The worktree could not be removed: ${explainRun("git", removed)}.`);
    }
  } else await runGit(worktree.repo, ["worktree", "prune"]);
  if (tip === null || (await isCheckedOut(worktree))) return DONE;
  const deleted = await runGit(worktree.repo, ["update-ref", "-d", ref, tip]);
  if (gitOutput(deleted) === null) {
    return failed("git_failed", `The worktree is removed, its branch is not: ${explainRun("git", deleted)}.`);
  }
  return DONE;
}

/** Whether another worktree has the branch by now; then it must stay. */
async function isCheckedOut(worktree: Worktree): Promise<boolean> {
  const list = gitOutput(await runGit(worktree.repo, ["worktree", "list", "--porcelain", "-z"]));
  return list === null || list.split("\0").includes(`branch refs/heads/${worktree.branch}`);
}
