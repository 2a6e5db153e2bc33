import * as z from "zod";
import { SessionId } from "./ids.ts";

/** Worktrees of which a host tells at most, and snapshots. */
export const MAX_WORKTREES = 200;
export const MAX_SNAPSHOTS = 100;

const PathText = z.string().max(4096);

/** What was kept of a worktree that was removed: a ref of its repository that nothing else touches. */
export const Snapshot = z.object({
  repo: PathText,
  /** `refs/signalbox/snapshots/<branch>-<time>` */
  ref: z.string().max(500),
  commit: z.string().max(64),
  /** When it was made, as its name tells; null when that cannot be read. */
  at: z.number().nullable(),
  /** The line that brings it back as a worktree. */
  restore: z.string().max(10_000),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** A worktree under a host's root for worktrees. */
export const WorktreeEntry = z.object({
  path: PathText,
  /** The top of the repository it belongs to; null when that is gone. */
  repo: PathText.nullable(),
  /** Null: no branch is checked out. */
  branch: PathText.nullable(),
  /** The commit that is checked out, shortened; null: there is none yet. */
  head: z.string().max(64).nullable(),
  /** Sessions that were made for it, or that work in it now. */
  sessions: z.array(SessionId).max(50),
  /** A session works in it now; it cannot be removed. */
  in_use: z.boolean(),
  /** Files that are not committed; null when git did not say. */
  dirty: z.number().int().nullable(),
  /** Commits that no other branch, remote or tag has; null when git did not say. */
  only_here: z.number().int().nullable(),
  /** What git is in the middle of (a merge, a rebase …). */
  doing: z.string().max(40).nullable(),
  /** What is ignored there: it is deleted with the worktree, and in no snapshot. */
  ignored: z.array(PathText).max(20),
  /** What it takes on the disk; null when it was not counted in time. */
  bytes: z.number().nullable(),
  made_at: z.number().nullable(),
  /** Why it is not known how it stands. */
  problem: z.string().max(1000).nullable(),
});
export type WorktreeEntry = z.infer<typeof WorktreeEntry>;

/** `GET /api/hosts/:id/worktrees`: what a host has under its root for worktrees. */
export const Worktrees = z.object({
  status: z.literal("worktrees"),
  root: PathText,
  items: z.array(WorktreeEntry).max(MAX_WORKTREES),
  /** Worktrees that are not listed. */
  more: z.number().int(),
  snapshots: z.array(Snapshot).max(MAX_SNAPSHOTS),
});
export type Worktrees = z.infer<typeof Worktrees>;

/** `POST /api/hosts/:id/worktrees/remove`. With `snapshot`, what is nowhere else is kept in a ref first. */
export const RemoveWorktree = z.object({ path: PathText, snapshot: z.boolean().optional() });
export type RemoveWorktree = z.infer<typeof RemoveWorktree>;

/** A worktree was removed; `snapshot`: what was kept of it, when there was anything to keep. */
export const RemovedWorktree = z.object({ status: z.literal("removed"), snapshot: Snapshot.nullable() });
export type RemovedWorktree = z.infer<typeof RemovedWorktree>;
