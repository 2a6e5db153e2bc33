import { realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_FRAME_BYTES } from "../../protocol/limits.ts";
import type { Answer, AnswerOf } from "../../protocol/questions.ts";
import type { Worktree } from "../../protocol/session.ts";
import {
  MAX_SNAPSHOTS,
  MAX_WORKTREES,
  type RemoveWorktree,
  type WorktreeEntry,
  type Worktrees,
} from "../../protocol/worktrees.ts";
import type { Store } from "../store.ts";
import { limitConcurrency } from "../tmux/limitConcurrency.ts";
import { isWithin } from "../tools/isWithin.ts";
import { startDiskUse } from "./diskUse.ts";
import { findWorktrees } from "./findWorktrees.ts";
import { listSnapshots } from "./listSnapshots.ts";
import { readWorktree } from "./readWorktree.ts";
import { removeWorktree } from "./removeWorktree.ts";
import { openSnapshotRepos } from "./snapshotRepos.ts";

/** A session that this host remembers, and where it works or worked. */
export type KnownPlace = {
  session: string;
  directory: string | null;
  worktree: Worktree | null;
  live: boolean;
};

export type WorktreesDeps = {
  root: string;
  store: Store;
  places: () => KnownPlace[];
  /** Removes the worktree of a session that has ended, as its own command does. */
  removeOf: (session: string, snapshot: boolean) => Promise<CommandResult>;
};

/** Everything is answered within this, however slow the disk is. */
const LIMIT_MS = 18_000;
/** Room for what stands around the list in a frame. */
const ROOM_BYTES = MAX_FRAME_BYTES / 2;

/** The worktrees under this host's root for them: how they stand, and how they go. */
export function startWorktrees({ root, store, places, removeOf }: WorktreesDeps) {
  const snapshotRepos = openSnapshotRepos(store);
  const limit = limitConcurrency(3);
  const disk = startDiskUse();

  /** Sessions that were made for a worktree, or work in it. */
  function usersOf(path: string): { sessions: string[]; inUse: boolean } {
    const users = places().filter(
      ({ worktree, directory, live }) =>
        worktree?.path === path || (live && directory !== null && isWithin(path, directory)),
    );
    // Who works there now comes first.
    users.sort((a, b) => Number(b.live) - Number(a.live));
    return {
      sessions: users.map(({ session }) => session).slice(0, 50),
      inUse: users.some(({ live }) => live),
    };
  }

  async function describe(path: string, madeAt: number, signal: AbortSignal): Promise<WorktreeEntry> {
    const [state, bytes] = await Promise.all([readWorktree(path, signal), disk.of(path, signal)]);
    const { sessions, inUse } = usersOf(path);
    return { path, ...state, sessions, in_use: inUse, bytes, made_at: madeAt };
  }

  async function list(): Promise<Worktrees> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const found = await findWorktrees(root);
    const items = await Promise.all(
      found.slice(0, MAX_WORKTREES).map(({ path, madeAt }) => limit(() => describe(path, madeAt, signal))),
    );
    const repos = new Set([...items.flatMap(({ repo }) => repo ?? []), ...snapshotRepos.all()]);
    const kept = await Promise.all(
      [...repos].map((repo) => limit(() => listSnapshots(repo, join(root, basename(repo)), signal))),
    );
    const snapshots = kept
      .flat()
      .sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
      .slice(0, MAX_SNAPSHOTS);
    return fit({ status: "worktrees", root, items, more: found.length - items.length, snapshots });
  }

  async function remove({ path, snapshot = false }: RemoveWorktree): Promise<Answer> {
    const found = await findWorktrees(root);
    const real = await realpath(path).catch(() => null);
    const known = found.find((each) => each.path === path);
    if (known === undefined || real === null || real !== (await realpath(known.path)))
      return failedAnswer("no_such_worktree", `There is no worktree ${path} under ${root}.`);
    const { sessions, inUse } = usersOf(path);
    if (inUse) return failedAnswer("in_use", "A session works in it; end it first.");
    const signal = AbortSignal.timeout(LIMIT_MS);
    const state = await readWorktree(path, signal);
    if (state.repo === null || state.problem !== null)
      return failedAnswer("git_failed", `It is not known what it holds: ${state.problem ?? "no repository"}`);
    const { repo, branch } = state;
    if (snapshot) snapshotRepos.note(repo);
    const owner = places().find(
      ({ session, worktree }) => sessions.includes(session) && worktree?.path === path,
    );
    const result =
      owner === undefined
        ? await removeWorktree({ path, branch: branch ?? "", base: "", repo }, { snapshot })
        : await removeOf(owner.session, snapshot);
    disk.forget(path);
    if (result.status === "done")
      return {
        status: "removed",
        snapshot: result.value.type === "worktree_removed" ? result.value.snapshot : null,
      };
    if (result.status !== "failed") return failedAnswer("unknown", "It is not known whether it was removed.");
    return { status: "failed", code: result.code, message: result.message, details: result.details ?? [] };
  }

  return { list, remove: (request: RemoveWorktree) => limit(() => remove(request)) };
}

/** What has room in an answer; the rest is counted. */
function fit(answer: Worktrees): Worktrees {
  const items: WorktreeEntry[] = [];
  let room = ROOM_BYTES;
  for (const item of answer.items) {
    room -= Buffer.byteLength(JSON.stringify(item));
    if (room < 0) break;
    items.push(item);
  }
  return { ...answer, items, more: answer.more + answer.items.length - items.length };
}

function failedAnswer(code: string, message: string): AnswerOf<"failed"> {
  return { status: "failed", code, message: message.slice(0, 4000) };
}
