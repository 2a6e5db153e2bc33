import type { Store } from "../store.ts";

/** A call that writes a file, begun by a daemon that did not see its end. */
export type LeftCall = {
  id: string;
  /** A half-written file of it. */
  temp: string | null;
};

/** What must be cleared up if the daemon dies in the middle of a call. */
export type CallStore = {
  begin(id: string): void;
  setTemp(id: string, temp: string): void;
  end(id: string): void;
  left(): LeftCall[];
};

/** Opens the tools' table in the daemon's store. */
export function openCallStore({ db, unsynced }: Store): CallStore {
  db.exec(
    "CREATE TABLE IF NOT EXISTS tool_calls (id TEXT PRIMARY KEY, pid INTEGER, started TEXT, temp TEXT) STRICT",
  );
  const sql = {
    begin: db.prepare("INSERT OR REPLACE INTO tool_calls (id) VALUES (?)"),
    temp: db.prepare("UPDATE tool_calls SET temp = ? WHERE id = ?"),
    end: db.prepare("DELETE FROM tool_calls WHERE id = ?"),
    left: db.prepare("SELECT id, temp FROM tool_calls"),
  };
  return {
    begin: (id) => void unsynced(() => sql.begin.run(id)),
    setTemp: (id, temp) => void sql.temp.run(temp, id),
    end: (id) => void unsynced(() => sql.end.run(id)),
    left: () =>
      sql.left.all().map(({ id, temp }) => ({
        id: String(id),
        temp: typeof temp === "string" ? temp : null,
      })),
  };
}
