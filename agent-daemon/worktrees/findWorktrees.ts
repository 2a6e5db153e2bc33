import { existsSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Directories below the root that are looked into for worktrees. */
const MOST_REPOS = 500;

/** The worktrees under the root for them, `<root>/<repository>/<worktree>`, the newest first. */
export async function findWorktrees(root: string): Promise<{ path: string; madeAt: number }[]> {
  const repos = await directories(root);
  const found = await Promise.all(
    repos.slice(0, MOST_REPOS).map(async (repo) => {
      const names = await directories(join(root, repo));
      return names.map((name) => join(root, repo, name)).filter((path) => existsSync(join(path, ".git")));
    }),
  );
  const dated = await Promise.all(
    found.flat().map(async (path) => {
      const stat = await lstat(path).catch(() => null); // gone since
      return stat === null ? [] : [{ path, madeAt: Math.round(stat.birthtimeMs || stat.mtimeMs) }];
    }),
  );
  return dated.flat().sort((a, b) => b.madeAt - a.madeAt || (a.path < b.path ? -1 : 1));
}

async function directories(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return []; // nobody has made a worktree yet, or it is not ours to see
  }
}
