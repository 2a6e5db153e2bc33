import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type Lock = { release(): void };

/**
 * Takes a lock that the kernel gives back when the process dies, however it dies: nothing stale can be left, and no
 * other process can be mistaken for its owner. SQLite's file lock does that on every platform that Node's SQLite runs on.
 * Null when another process (or another part of this one) holds it. Throws when the place cannot be written.
 */
export function takeLock(path: string): Lock | null {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path);
  try {
    // Somebody who only looks (`isLocked`) holds it for an instant: worth waiting for.
    db.exec("PRAGMA busy_timeout = 1000; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
  } catch (error) {
    db.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => db.close() };
}

/** Whether somebody holds the lock now. */
export function isLocked(path: string): boolean {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(path, { readOnly: true });
  } catch {
    return false; // there is no such file, so nobody ever took it
  }
  try {
    db.exec("PRAGMA busy_timeout = 0;");
    db.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    db.close();
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    "errcode" in error &&
    typeof error.errcode === "number" &&
    (error.errcode & 0xff) === 5
  );
}
