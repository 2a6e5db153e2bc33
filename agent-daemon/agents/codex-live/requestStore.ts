import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { RequestEnd } from "../../../protocol/requests.ts";
import type { Store } from "../../store.ts";
import { LiveRequest } from "./liveRequest.ts";

/** A request of Codex as the daemon remembers it. */
export type StoredRequest = {
  id: string;
  session: string;
  asked: LiveRequest;
  createdAt: number;
  /** The decision that is on its way to the app server. */
  decision: CommandOf<"decide"> | null;
  /** How it ended; null while Codex waits. */
  end: RequestEnd | null;
};

const Row = z.object({
  id: z.string(),
  session: z.string(),
  asked: z.string(),
  created_at: z.number(),
  decision: z.string().nullable(),
  ended: RequestEnd.nullable(),
});

/** Opens the table of requests: what waits, what was decided, what ended. */
export function openRequestStore(store: Store) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS codex_requests (
      id TEXT PRIMARY KEY,
      session TEXT NOT NULL,
      asked TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      decision TEXT,
      ended TEXT,
      ended_at INTEGER
    ) STRICT;
  `);
  const insert = store.db.prepare(`INSERT INTO codex_requests VALUES (?, ?, ?, ?, NULL, NULL, NULL)`);
  const read = store.db.prepare(`SELECT * FROM codex_requests WHERE id = ?`);
  const open = store.db.prepare(`SELECT * FROM codex_requests WHERE ended IS NULL ORDER BY created_at`);
  const decide = store.db.prepare(`UPDATE codex_requests SET decision = ? WHERE id = ?`);
  // What Codex wanted to do may be large and secret: it goes when it is over.
  const end = store.db.prepare(
    `UPDATE codex_requests SET ended = ?, ended_at = ?, asked = '', decision = NULL WHERE id = ? AND ended IS NULL`,
  );
  const prune = store.db.prepare(`DELETE FROM codex_requests WHERE ended_at < ?`);

  const stored = (row: unknown): StoredRequest => {
    const { asked, created_at, decision, ended, ...rest } = Row.parse(row);
    return {
      ...rest,
      createdAt: created_at,
      asked: LiveRequest.parse(JSON.parse(asked)),
      decision: decision === null ? null : JSON.parse(decision),
      end: ended,
    };
  };
  return {
    /** Whether a request is open, or was lately. */
    knows: (id: string): boolean => read.get(id) !== undefined,
    /** An open request. */
    get(id: string): StoredRequest | null {
      const row = read.get(id);
      return row === undefined || Row.parse(row).ended !== null ? null : stored(row);
    },
    /** How a request ended; null when it is open or unknown. */
    endOf(id: string): RequestEnd | null {
      const row = read.get(id);
      return row === undefined ? null : Row.parse(row).ended;
    },
    open: (): StoredRequest[] => open.all().map(stored),
    add(request: Pick<StoredRequest, "id" | "session" | "asked" | "createdAt">): void {
      insert.run(request.id, request.session, JSON.stringify(request.asked), request.createdAt);
    },
    decide(id: string, decision: CommandOf<"decide">): void {
      decide.run(JSON.stringify(decision), id);
    },
    /** Ends it once; false when it has ended before. */
    end: (id: string, how: RequestEnd, now: number): boolean => end.run(how, now, id).changes === 1,
    prune: (endedBefore: number): void => void prune.run(endedBefore),
  };
}
