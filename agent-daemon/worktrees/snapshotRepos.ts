import type { Store } from "../store.ts";

/** Repositories in which snapshots are looked for. */
const MOST = 100;

export type SnapshotRepos = ReturnType<typeof openSnapshotRepos>;

/** Where snapshots were made, so that they are found when no worktree is left that leads there. The refs are the truth. */
export function openSnapshotRepos(store: Store) {
  store.db.exec("CREATE TABLE IF NOT EXISTS snapshot_repos (repo TEXT PRIMARY KEY) STRICT");
  const note = store.db.prepare("INSERT OR IGNORE INTO snapshot_repos VALUES (?)");
  const all = store.db.prepare("SELECT repo FROM snapshot_repos ORDER BY rowid DESC LIMIT ?");
  return {
    /** To be called before the snapshot is made. */
    note: (repo: string): void => void note.run(repo),
    all: (): string[] => all.all(MOST).map(({ repo }) => String(repo)),
  };
}
