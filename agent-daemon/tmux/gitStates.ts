import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { GitState } from "../../protocol/session.ts";
import { isDue } from "./isDue.ts";
import { limitConcurrency } from "./limitConcurrency.ts";
import { parseStatus } from "../worktrees/parseStatus.ts";
import { gitOutput, runGit } from "../worktrees/runGit.ts";

export type GitStates = {
  /** What is known of the repository that holds a directory, at once. */
  state(cwd: string): GitState | null;
  /** Says that somebody works there (since `activeAt`); looks again when what is known may be old. */
  touch(cwd: string, activeAt: number): void;
  stop(): void;
};

type Place = { at: number; busy: boolean; root: Root | null };
type Root = {
  path: string;
  gitDir: string;
  /** Changes with HEAD and the index. */
  stamp: string;
  checkedAt: number;
  busy: boolean;
  state: GitState;
};

/** A directory's repository is looked up again after this. */
const PLACE_TTL_MS = 60_000;
/** Files changed without git are seen after this, where somebody is active; elsewhere after {@link QUIET_TTL_MS}. */
const ACTIVE_TTL_MS = 20_000;
const QUIET_TTL_MS = 300_000;
const STATUS_TIMEOUT_MS = 2_000;
const MAX_PLACES = 5_000;

/** Knows branches and dirty counts without ever holding up who asks. */
export function gitStates(deps: { clock: () => number; onChange?: () => void }): GitStates {
  const places = new Map<string, Place>();
  const roots = new Map<string, Root>();
  // A file system that hangs holds up these, not the daemon.
  const limit = limitConcurrency(2);
  let stopped = false;

  const lookUp = async (cwd: string, place: Place) => {
    const found = await findRepository(cwd);
    if (found === null) place.root = null;
    else {
      const root = roots.get(found.path) ?? {
        ...found,
        stamp: "",
        checkedAt: Number.NEGATIVE_INFINITY,
        busy: false,
        state: { root: found.path, branch: null, dirty: null },
      };
      root.gitDir = found.gitDir;
      roots.set(found.path, root);
      place.root = root;
      await check(root, false);
    }
  };

  const check = async (root: Root, force: boolean) => {
    if (root.busy) return;
    root.busy = true;
    try {
      const stamp = await stampOf(root.gitDir);
      if (stamp === root.stamp && !force) return;
      const branch = await branchOf(root.gitDir);
      const status = await runGit(root.path, ["status", "--porcelain", "-z"], STATUS_TIMEOUT_MS);
      const output = gitOutput(status);
      const state = { root: root.path, branch, dirty: output === null ? null : parseStatus(output).length };
      root.stamp = stamp;
      root.checkedAt = deps.clock();
      if (JSON.stringify(state) === JSON.stringify(root.state)) return;
      root.state = state;
      if (!stopped) deps.onChange?.();
    } finally {
      root.busy = false;
    }
  };

  return {
    state: (cwd) => places.get(cwd)?.root?.state ?? null,
    touch(cwd, activeAt) {
      if (stopped || cwd === "") return;
      const now = deps.clock();
      if (places.size > MAX_PLACES) {
        places.clear();
        roots.clear();
      }
      const place = places.get(cwd) ?? { at: Number.NEGATIVE_INFINITY, busy: false, root: null };
      places.set(cwd, place);
      if (place.busy) return;
      const root = place.root;
      let work: () => Promise<void>;
      if (isDue(place.at, PLACE_TTL_MS, now)) {
        place.at = now;
        work = () => lookUp(cwd, place);
      } else if (root === null) return;
      else {
        const since = root.checkedAt;
        const stale =
          isDue(since, QUIET_TTL_MS, now) || (activeAt > since && isDue(since, ACTIVE_TTL_MS, now));
        work = () => check(root, stale);
      }
      place.busy = true;
      void limit(work).finally(() => {
        place.busy = false;
      });
    },
    stop() {
      stopped = true;
    },
  };
}

async function findRepository(cwd: string): Promise<{ path: string; gitDir: string } | null> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const dotGit = join(directory, ".git");
    const kind = await stat(dotGit).catch(() => null); // not here: look further up
    if (kind?.isDirectory() === true) return { path: directory, gitDir: dotGit };
    if (kind?.isFile() === true) {
      const target = /^gitdir: (.+)\n?$/.exec(await readFile(dotGit, "utf8").catch(() => ""))?.[1];
      if (target !== undefined) return { path: directory, gitDir: resolve(directory, target) };
    }
    if (directory === dirname(directory)) return null;
  }
}

async function stampOf(gitDir: string): Promise<string> {
  const stats = await Promise.all(
    ["HEAD", "index"].map((name) => stat(join(gitDir, name)).catch(() => null)),
  );
  return stats
    .map((found) => (found === null ? "none" : `${found.ino} ${found.mtimeMs} ${found.size}`))
    .join();
}

async function branchOf(gitDir: string): Promise<string | null> {
  const head = await readFile(join(gitDir, "HEAD"), "utf8").catch(() => ""); // unreadable: as if detached
  return /^ref: refs\/heads\/(.+)\n$/.exec(head)?.[1] ?? null;
}
