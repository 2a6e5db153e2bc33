import { join } from "node:path";
import type { Snapshot } from "../../protocol/worktrees.ts";
import { readGit } from "./readGit.ts";
import { gitOutput } from "./runGit.ts";
import { describeSnapshot, SNAPSHOTS } from "./snapshotWorktree.ts";

/** The snapshots that a repository holds. `beside`: where worktrees of it are made. */
export async function listSnapshots(repo: string, beside: string, signal: AbortSignal): Promise<Snapshot[]> {
  const refs = gitOutput(
    await readGit(
      repo,
      ["for-each-ref", "--count=200", "--format=%(objectname) %(refname)", `${SNAPSHOTS}/`],
      {
        signal,
      },
    ),
  );
  return (refs ?? "").split("\n").flatMap((line) => {
    const [commit = "", ref = ""] = line.split(" ");
    return ref === "" ? [] : [describeSnapshot({ repo, ref, commit, beside: join(beside, "x") })];
  });
}
