import type { GitState } from "../../../protocol/session.ts";
import { parseStatus } from "../../worktrees/parseStatus.ts";
import { gitOutput, runGit } from "../../worktrees/runGit.ts";

/** A job's start and end must not wait long for a slow disk. */
const TIMEOUT_MS = 2_000;

/** The repository that holds a directory as it is now; null when there is none, or git does not say. */
export async function readGitState(cwd: string): Promise<GitState | null> {
  const ask = async (...args: string[]) => gitOutput(await runGit(cwd, args, TIMEOUT_MS));
  const [root, branch, status] = await Promise.all([
    ask("rev-parse", "--show-toplevel"),
    ask("symbolic-ref", "--quiet", "--short", "HEAD"),
    ask("status", "--porcelain", "-z"),
  ]);
  return root === null ? null : { root, branch, dirty: status === null ? null : parseStatus(status).length };
}
