import { existsSync } from "node:fs";
import type { CommandResult } from "../../protocol/commands.ts";
import type { Worktree } from "../../protocol/session.ts";
import type { Snapshot } from "../../protocol/worktrees.ts";
import { DONE, failed } from "../parts.ts";
import { explainRun } from "../run.ts";
import { gitOutput, runGit } from "./runGit.ts";
import { snapshotWorktree } from "./snapshotWorktree.ts";
import { describeLoss, worktreeLoss } from "./worktreeLoss.ts";

export type RemoveHow = {
  /** What would be lost is kept in a ref first. */
  snapshot?: boolean | undefined;
};

/** Something writes there; it is looked at so often whether it has stopped. */
const TRIES = 3;

/** Removes a worktree and its branch, when nothing is lost by it. Doing it twice is harmless. */
export async function removeWorktree(worktree: Worktree, how: RemoveHow = {}): Promise<CommandResult> {
  const ref = `refs/heads/${worktree.branch}`;
  // The commit is read before the check: a commit that comes in between makes the deletion fail, not disappear.
  const tip = gitOutput(await runGit(worktree.repo, ["rev-parse", "--verify", "--quiet", ref]));
  const loss = await worktreeLoss(worktree);
  if (!loss.ok) return failed("git_failed", `It is not known whether work would be lost: ${loss.message}.`);
  const details = describeLoss(loss);
  if (details.length > 0 && how.snapshot !== true)
    return failed("would_lose_work", `${worktree.path} holds work that is nowhere else.`, details);
  const kept = details.length > 0 ? await keepAll(worktree) : null;
  if (kept?.ok === false) return failed(kept.code, kept.message, details);
  if (existsSync(worktree.path)) {
    // Without --force git itself refuses when a file has been changed since the check.
    const force = kept === null ? [] : ["--force"];
    const removed = await runGit(worktree.repo, ["worktree", "remove", ...force, worktree.path], 60_000);
    if (gitOutput(removed) === null) {
      return failed("git_failed", `The worktree could not be removed: ${explainRun("git", removed)}.`);
    }
  } else await runGit(worktree.repo, ["worktree", "prune"]);
  const done: CommandResult =
    kept === null ? DONE : { status: "done", value: { type: "worktree_removed", snapshot: kept.snapshot } };
  if (tip === null || (await isCheckedOut(worktree))) return done;
  const deleted = await runGit(worktree.repo, ["update-ref", "-d", ref, tip]);
  if (gitOutput(deleted) === null) {
    return failed("git_failed", `The worktree is removed, its branch is not: ${explainRun("git", deleted)}.`);
  }
  return done;
}

/** A snapshot of what is there now: taken until two in a row are the same. */
async function keepAll(
  worktree: Worktree,
): Promise<{ ok: true; snapshot: Snapshot } | { ok: false; code: string; message: string }> {
  let before: Snapshot | null = null;
  for (let n = 0; n < TRIES; n++) {
    const taken = await snapshotWorktree(worktree);
    if (!taken.ok || taken.snapshot.commit === before?.commit) return taken;
    before = taken.snapshot;
  }
  return {
    ok: false,
    code: "changing",
    message: `Something writes in ${worktree.path}. What was there is in ${before?.ref ?? "no ref"}; nothing was removed.`,
  };
}

/** Whether another worktree has the branch by now; then it must stay. */
async function isCheckedOut(worktree: Worktree): Promise<boolean> {
  const list = gitOutput(await runGit(worktree.repo, ["worktree", "list", "--porcelain", "-z"]));
  return list === null || list.split("\0").includes(`branch refs/heads/${worktree.branch}`);
}
