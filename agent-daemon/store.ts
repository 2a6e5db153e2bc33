import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The daemon's one SQLite file: the link's journal, and a table for each part that must survive. */
export type Store = {
  db: DatabaseSync;
  /** Runs `work` in a transaction (joins the one that is open); it must not be async. */
  transaction<T>(work: () => T): T;
  /** Runs a write that need survive only the death of this process, not that of the machine: the disk is not waited for. */
  unsynced<T>(work: () => T): T;
  /** Whether a transaction is open: what fails then must be thrown, so that the whole of it is undone. */
  inTransaction(): boolean;
  close(): void;
};

/** Opens the store, making it and its directory when they are missing. Throws when the place cannot be written. */
export function openStore(path: string): Store {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path);
  chmodSync(path, 0o600);
  // WAL with FULL: a committed message survives `kill -9` and power loss.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
  let open = false;
  return {
    db,
    transaction(work) {
      if (open) return work();
      open = true;
      db.exec("BEGIN IMMEDIATE");
      try {
        const value = work();
        db.exec("COMMIT");
        return value;
      } catch (error) {
        rollBack(db);
        throw error;
      } finally {
        open = false;
      }
    },
    unsynced(work) {
      if (open) return work();
      db.exec("PRAGMA synchronous = NORMAL");
      try {
        return work();
      } finally {
        db.exec("PRAGMA synchronous = FULL");
      }
    },
    inTransaction: () => open,
    close: () => db.close(),
  };
}

function rollBack(db: DatabaseSync): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // A full disk or an I/O error made SQLite roll back by itself; the first error is the one to tell.
  }
}
