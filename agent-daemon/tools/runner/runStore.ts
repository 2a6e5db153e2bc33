import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Store } from "../../store.ts";
import type { ProcessIdentity } from "../../system/processIdentity.ts";

/** A call to run a program whose result is not recorded yet. */
export type OpenRun = {
  id: string;
  /** Names its files; another one for each time that it is begun. */
  attempt: string;
  /** Whether the machine has been up since it was begun: only then its files tell everything. */
  sameBoot: boolean;
  /** Its first process, once known. */
  leader: ProcessIdentity | null;
};

/** Calls to run a program that were begun, until their results are recorded. */
export type RunStore = {
  /** Notes that a call begins, unless it is noted; the name of its attempt. */
  begin(id: string): string;
  setLeader(id: string, leader: ProcessIdentity): void;
  end(id: string): void;
  find(id: string): OpenRun | null;
  all(): OpenRun[];
  /** Forgets those that nobody will ask for any more. */
  forgetBefore(at: number): void;
};

/** Opens the table of running programs in the daemon's store. */
export function openRunStore({ db, unsynced }: Store): RunStore {
  db.exec(
    `CREATE TABLE IF NOT EXISTS tool_runs (
       id TEXT PRIMARY KEY, attempt TEXT NOT NULL, boot TEXT, at INTEGER NOT NULL, pid INTEGER, started TEXT
     ) STRICT, WITHOUT ROWID`,
  );
  const boot = readBoot();
  const sql = {
    begin: db.prepare("INSERT OR IGNORE INTO tool_runs (id, attempt, boot, at) VALUES (?, ?, ?, ?)"),
    leader: db.prepare("UPDATE tool_runs SET pid = ?, started = ? WHERE id = ?"),
    end: db.prepare("DELETE FROM tool_runs WHERE id = ?"),
    find: db.prepare("SELECT * FROM tool_runs WHERE id = ?"),
    all: db.prepare("SELECT * FROM tool_runs"),
    forget: db.prepare("DELETE FROM tool_runs WHERE at < ?"),
  };
  const read = (row: Record<string, unknown>): OpenRun => ({
    id: String(row["id"]),
    attempt: String(row["attempt"]),
    sameBoot: boot !== null && row["boot"] === boot,
    leader:
      typeof row["pid"] === "number" && typeof row["started"] === "string"
        ? { pid: row["pid"], started: row["started"] }
        : null,
  });
  const find = (id: string) => {
    const row = sql.find.get(id);
    return row === undefined ? null : read(row);
  };
  return {
    begin(id) {
      const attempt = randomUUID();
      const { changes } = unsynced(() => sql.begin.run(id, attempt, boot, Date.now()));
      return Number(changes) === 1 ? attempt : (find(id)?.attempt ?? attempt);
    },
    setLeader: (id, leader) => void unsynced(() => sql.leader.run(leader.pid, leader.started, id)),
    end: (id) => void unsynced(() => sql.end.run(id)),
    find,
    all: () => sql.all.all().map(read),
    forgetBefore: (at) => void sql.forget.run(at),
  };
}

/** Names this boot; null where the system does not say. */
function readBoot(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null; // not Linux, or hidden in a container
  }
}
