import type { Store } from "../store.ts";
import type { ProcessIdentity } from "../system/processIdentity.ts";

/** A call that was begun by a daemon that did not see its end. */
export type LeftCall = {
  id: string;
  /** Its first process, once known. */
  leader: ProcessIdentity | null;
  /** A half-written file of it. */
  temp: string | null;
};

/** What must be cleared up if the daemon dies in the middle of a call. */
export type CallStore = {
  begin(id: string): void;
  setLeader(id: string, leader: ProcessIdentity): void;
  setTemp(id: string, temp: string): void;
  end(id: string): void;
  left(): LeftCall[];
};

/**
 * Opens the tools' table in the daemon's store. Processes end with the machine, so what is noted of them need not
 * survive it, and no call waits for the disk.
 */
export function openCallStore({ db, unsynced }: Store): CallStore {
  db.exec(
    "CREATE TABLE IF NOT EXISTS tool_calls (id TEXT PRIMARY KEY, pid INTEGER, started TEXT, temp TEXT) STRICT",
  );
  const sql = {
    begin: db.prepare("INSERT OR REPLACE INTO tool_calls (id) VALUES (?)"),
    leader: db.prepare("UPDATE tool_calls SET pid = ?, started = ? WHERE id = ?"),
    temp: db.prepare("UPDATE tool_calls SET temp = ? WHERE id = ?"),
    end: db.prepare("DELETE FROM tool_calls WHERE id = ?"),
    left: db.prepare("SELECT * FROM tool_calls"),
  };
  return {
    begin: (id) => void unsynced(() => sql.begin.run(id)),
    setLeader: (id, leader) => void unsynced(() => sql.leader.run(leader.pid, leader.started, id)),
    setTemp: (id, temp) => void sql.temp.run(temp, id),
    end: (id) => void unsynced(() => sql.end.run(id)),
    left: () =>
      sql.left.all().map(({ id, pid, started, temp }) => ({
        id: String(id),
        leader: typeof pid === "number" && typeof started === "string" ? { pid, started } : null,
        temp: typeof temp === "string" ? temp : null,
      })),
  };
}
