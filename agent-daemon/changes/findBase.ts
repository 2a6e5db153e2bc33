import type { Changes } from "../../protocol/changes.ts";
import type { Worktree } from "../../protocol/session.ts";
import { readGit } from "../worktrees/readGit.ts";
import { gitOutput } from "../worktrees/runGit.ts";

/**
 * What a directory is compared with: its last commit; for a worktree, where its branch left the one that it was made
 * from, which moves when it is brought up to date. Null while there is no commit.
 */
export async function findBase(
  root: string,
  worktree: Worktree | null,
  signal: AbortSignal,
): Promise<Changes["base"]> {
  const ask = async (directory: string, ...args: string[]) =>
    gitOutput(await readGit(directory, args, { signal }));
  const head = await ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  if (head === null) return null;
  if (worktree === null) return { commit: head, kind: "head" };
  const made = await ask(root, "merge-base", head, worktree.base);
  if (made === null) return { commit: head, kind: "head" }; // its base is gone, or has nothing in common with it
  const origin = await ask(worktree.repo, "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  const fork = origin === null ? null : await ask(root, "merge-base", head, origin);
  const isNewer = fork !== null && (await ask(root, "merge-base", "--is-ancestor", made, fork)) !== null;
  return { commit: isNewer ? fork : made, kind: "fork" };
}
