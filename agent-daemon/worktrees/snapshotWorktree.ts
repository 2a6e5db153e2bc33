import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Snapshot } from "../../protocol/worktrees.ts";
import type { Worktree } from "../../protocol/session.ts";
import { explainRun, type RunResult } from "../run.ts";
import { shellQuote } from "../tmux/command.ts";
import { readGit } from "./readGit.ts";
import { gitOutput } from "./runGit.ts";

/** Where snapshots are: no branch, no tag, and nothing that is pushed by itself. */
export const SNAPSHOTS = "refs/signalbox/snapshots";

export type Taken = { ok: true; snapshot: Snapshot } | { ok: false; code: string; message: string };

/** Reading every file of a large worktree takes its time. */
const LIMIT_MS = 120_000;
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Commits that git is in the middle of bringing in. */
const IN_PROGRESS = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"];
const GITLINK = "160000";

/**
 * Keeps what a worktree holds in a ref of its repository: the files as they are, untracked ones too, in a commit on top of
 * what was staged, on top of HEAD; ignored files are not in it. Works with a copy of the index and writes no branch, so
 * that the worktree is as it was. The same state again is the same commit and the same ref.
 */
export async function snapshotWorktree(worktree: Worktree, now = Date.now()): Promise<Taken> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const scratch = mkdtempSync(join(tmpdir(), "signalbox-snapshot-"));
  const index = join(scratch, "index");
  const there = existsSync(worktree.path);
  const place = there ? worktree.path : worktree.repo;
  const ask = (args: string[], env: Record<string, string> = {}) =>
    readGit(place, args, {
      signal,
      timeoutMs: LIMIT_MS,
      maxOutputBytes: MAX_LIST_BYTES,
      // What is about to be deleted must be on the disk elsewhere first.
      settings: ["core.fsync=all", "core.safecrlf=false", "advice.addEmbeddedRepo=false"],
      env,
    });
  const read = async (...args: string[]) => gitOutput(await ask(args));
  const must = async (args: string[], env?: Record<string, string>): Promise<string> => {
    const result = await ask(args, env);
    const output = gitOutput(result);
    if (output === null) throw new Unkept("git_failed", sayWhy(result));
    return output;
  };
  const commitOf = (name: string) =>
    read("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`);

  try {
    const branch = worktree.branch === "" ? null : await commitOf(`refs/heads/${worktree.branch}`);
    const head = there ? await commitOf("HEAD") : branch;
    const tips = [branch, ...(there ? await Promise.all(IN_PROGRESS.map(commitOf)) : [])];
    const others: string[] = [];
    for (const tip of new Set(tips)) {
      if (tip === null || tip === head) continue;
      const kept = head !== null && (await read("merge-base", "--is-ancestor", tip, head)) !== null;
      if (!kept) others.push(tip);
    }

    let top = head;
    if (there) {
      const own = resolve(place, await must(["rev-parse", "--git-path", "index"]));
      if (existsSync(own)) copyIndex(own, index);
      const env = { GIT_INDEX_FILE: index };
      // Without a word when a conflict is not resolved: such an index is no tree.
      const staged = gitOutput(await ask(["write-tree"], env));
      await must(["add", "--all"], env);
      await refuseRepositories(place, await must(["ls-files", "--stage", "-z"], env));
      const whole = await must(["write-tree"], env);
      const was = head === null ? null : await read("rev-parse", "--verify", `${head}^{tree}`);
      // Made of nothing that changes from one time to the next.
      const stamp = `@${head === null ? "0" : ((await read("show", "-s", "--format=%ct", head)) ?? "0")} +0000`;
      const commit = (tree: string, parents: (string | null)[], message: string) =>
        must(
          ["commit-tree", tree, "-m", message, ...parents.flatMap((id) => (id === null ? [] : ["-p", id]))],
          { ...IDENTITY, GIT_AUTHOR_DATE: stamp, GIT_COMMITTER_DATE: stamp },
        );
      const name = worktree.branch === "" ? "a detached HEAD" : worktree.branch;
      if (staged !== null && staged !== was && staged !== whole)
        top = await commit(staged, [top], `Staged in the worktree of ${name}`);
      if (whole !== was || top !== head || others.length > 0)
        top = await commit(whole, [top, ...others], `What was in the worktree of ${name}`);
    }
    if (top === null) throw new Unkept("git_failed", "There is nothing in it that a snapshot could keep.");
    const ref = await keep(top, { read, must, name: worktree.branch, now });
    return {
      ok: true,
      snapshot: describeSnapshot({ ref, commit: top, repo: worktree.repo, beside: worktree.path }),
    };
  } catch (error) {
    if (error instanceof Unkept) return { ok: false, code: error.code, message: error.message };
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const IDENTITY = {
  GIT_AUTHOR_NAME: "Signalbox",
  GIT_AUTHOR_EMAIL: "signalbox@localhost",
  GIT_COMMITTER_NAME: "Signalbox",
  GIT_COMMITTER_EMAIL: "signalbox@localhost",
};

/** No snapshot could be made; the message says why. */
class Unkept extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Copies an index as an older one, so that git compares what was changed in the moment in which it was written. */
function copyIndex(from: string, to: string): void {
  copyFileSync(from, to);
  const seconds = Math.floor(statSync(from).mtimeMs / 1000) - 1;
  utimesSync(to, seconds, seconds);
}

/** A repository in the worktree (a submodule, a clone) has commits and files that no commit of this one holds. */
async function refuseRepositories(root: string, listed: string): Promise<void> {
  const found = listed
    .split("\0")
    .filter((line) => line.startsWith(GITLINK))
    .map((line) => line.slice(line.indexOf("\t") + 1))
    .filter((path) => existsSync(join(root, path, ".git")));
  if (found.length === 0) return;
  const names = found.slice(0, 5).join(", ");
  throw new Unkept(
    "has_repositories",
    `There are repositories of their own in it (${names}), which a snapshot cannot keep. Take care of them by hand.`,
  );
}

/** The ref that holds a commit: the one that does so already, or a new one. */
async function keep(
  commit: string,
  how: {
    read: (...args: string[]) => Promise<string | null>;
    must: (args: string[]) => Promise<string>;
    name: string;
    now: number;
  },
): Promise<string> {
  const refs = await how.must([
    "for-each-ref",
    `--points-at=${commit}`,
    "--format=%(refname)",
    `${SNAPSHOTS}/`,
  ]);
  const [known] = refs.split("\n").filter((ref) => ref !== "");
  if (known !== undefined) return known;
  const stamp = new Date(how.now).toISOString().replace(/[-:]|\.\d+/g, "");
  for (const more of ["", "-2", "-3", "-4"]) {
    const ref = `${SNAPSHOTS}/${how.name === "" ? "detached" : how.name}-${stamp}${more}`;
    // The zeros: only if there is none of that name.
    if ((await how.read("update-ref", ref, commit, "0".repeat(commit.length))) !== null) return ref;
  }
  throw new Unkept("git_failed", `The snapshot ${commit} was made, but no ref for it.`);
}

/** A snapshot, with the line that brings it back. `beside`: where its worktree is, or was. */
export function describeSnapshot(kept: {
  ref: string;
  commit: string;
  repo: string;
  beside: string;
}): Snapshot {
  const name = basename(kept.ref);
  const back = join(dirname(kept.beside), name);
  const words = ["git", "-C", kept.repo, "worktree", "add", "--detach", back, kept.ref];
  return {
    repo: kept.repo,
    ref: kept.ref,
    commit: kept.commit,
    at: timeIn(name),
    restore: words.map((word) => (/^[\w./:@+-]+$/.test(word) ? word : shellQuote(word))).join(" "),
  };
}

function timeIn(name: string): number | null {
  const found = /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-\d)?$/.exec(name);
  if (found === null) return null;
  const [, year, month, day, hour, minute, second] = found.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

function sayWhy(result: RunResult): string {
  return result.status === "timeout" || result.status === "aborted"
    ? `git needs more than ${LIMIT_MS / 1000} seconds for a snapshot.`
    : `No snapshot could be made: ${explainRun("git", result)}.`;
}
