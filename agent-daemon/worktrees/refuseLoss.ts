import type { CommandResult } from "../../protocol/commands.ts";
import type { Worktree } from "../../protocol/session.ts";
import { failed } from "../parts.ts";
import { describeLoss, worktreeLoss } from "./worktreeLoss.ts";

/** Why a session in this worktree is not ended: changes that are not committed; null when it may be. */
export async function refuseLoss(worktree: Worktree | null, force: boolean): Promise<CommandResult | null> {
  if (worktree === null || force) return null;
  const loss = await worktreeLoss(worktree);
  if (!loss.ok) return failed("git_failed", `It is not known whether work would be lost: ${loss.message}.`);
  if (loss.files.length === 0) return null;
  const details = describeLoss({ ...loss, commits: [] });
  return failed("would_lose_work", `${worktree.path} has changes that are not committed.`, details);
}
