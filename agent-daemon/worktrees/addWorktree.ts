import { mkdirSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { Worktree } from "../../protocol/session.ts";
import { explainRun } from "../run.ts";
import { gitOutput, runGit } from "./runGit.ts";

export type AddWorktreeRequest = {
  /** A directory in the repository. */
  cwd: string;
  branch: string;
  /** What the branch starts from; the commit that is checked out when not given. */
  base?: string | undefined;
  /** Where worktrees are made. */
  worktreesDir: string;
};

export type AddedWorktree =
  /** `cwd`: the directory in the worktree that answers to the one in the repository. */
  { ok: true; worktree: Worktree; cwd: string } | { ok: false; code: string; message: string };

/** Checking out a large repository takes its time. */
const CHECKOUT_TIMEOUT_MS = 120_000;

/** Makes a new branch in a worktree of its own. Leaves nothing behind when it fails. */
export async function addWorktree(request: AddWorktreeRequest): Promise<AddedWorktree> {
  const found = await runGit(request.cwd, ["rev-parse", "--show-toplevel"]);
  const repo = gitOutput(found);
  if (repo === null) {
    return found.status === "unstarted"
      ? { ok: false, code: "git_failed", message: `${explainRun("git", found)}.` }
      : { ok: false, code: "not_a_repository", message: `${request.cwd} is not in a git repository.` };
  }
  const wanted = request.base ?? "HEAD";
  const base = gitOutput(
    await runGit(repo, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${wanted}^{commit}`]),
  );
  if (base === null) {
    return { ok: false, code: "no_such_base", message: `${wanted} is not a commit of ${repo}.` };
  }
  const existing = await runGit(repo, ["show-ref", "--verify", "--quiet", `refs/heads/${request.branch}`]);
  if (existing.status === "exited" && existing.code === 0) {
    return {
      ok: false,
      code: "branch_exists",
      message: `There is already a branch ${request.branch} in ${repo}.`,
    };
  }

  const claimed = claimDirectory(
    join(request.worktreesDir, basename(repo)),
    request.branch.replaceAll("/", "-"),
  );
  if (!claimed.ok) return { ok: false, code: "worktrees_dir", message: claimed.message };
  const added = await runGit(
    repo,
    ["worktree", "add", "--quiet", "-b", request.branch, claimed.path, base],
    CHECKOUT_TIMEOUT_MS,
  );
  if (gitOutput(added) === null) {
    await runGit(repo, ["worktree", "remove", "--force", claimed.path]);
    // git leaves it when a hook or a filter of the repository fails. One that another worktree has, it keeps.
    await runGit(repo, ["branch", "-D", request.branch]);
    try {
      rmdirSync(claimed.path);
    } catch {
      // git has removed it already
    }
    return {
      ok: false,
      code: "git_failed",
      message: `The worktree could not be made: ${explainRun("git", added)}.`,
    };
  }
  return {
    ok: true,
    worktree: { path: claimed.path, branch: request.branch, base, repo },
    cwd: sameDirectory(claimed.path, repo, request.cwd),
  };
}

/** Makes a directory that nobody has, so that two requests at once never share one. */
function claimDirectory(
  parent: string,
  name: string,
): { ok: true; path: string } | { ok: false; message: string } {
  try {
    mkdirSync(parent, { recursive: true });
  } catch (error) {
    return { ok: false, message: `${parent} cannot be made: ${String(error)}` };
  }
  for (let n = 1; n < 1000; n++) {
    const path = join(parent, n === 1 ? name : `${name}-${n}`);
    try {
      mkdirSync(path);
      return { ok: true, path };
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!taken) return { ok: false, message: `${path} cannot be made: ${String(error)}` };
    }
  }
  return { ok: false, message: `${join(parent, name)} exists a thousand times.` };
}

function sameDirectory(worktree: string, repo: string, cwd: string): string {
  try {
    const inside = join(worktree, relative(repo, realpathSync(cwd)));
    return statSync(inside).isDirectory() ? inside : worktree;
  } catch {
    return worktree; // that directory is not part of the branch
  }
}
