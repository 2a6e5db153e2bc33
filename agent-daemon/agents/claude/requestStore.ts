import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { RequestEnd } from "../../../protocol/requests.ts";
import type { Store } from "../../store.ts";
import { HookHello } from "./hookWire.ts";

/** A request of Claude as the daemon remembers it. */
export type StoredRequest = {
  id: string;
  session: string;
  hello: HookHello;
  createdAt: number;
  /** The decision that is on its way to the hook. */
  decision: CommandOf<"decide"> | null;
  /** How it ended; null while Claude waits. */
  end: RequestEnd | null;
};

const Row = z.object({
  id: z.string(),
  session: z.string(),
  hello: z.string(),
  created_at: z.number(),
  decision: z.string().nullable(),
  ended: RequestEnd.nullable(),
});

export type RequestStore = ReturnType<typeof openRequestStore>;

/** Opens the table of requests: what waits, what was decided, what ended. */
export function openRequestStore(store: Store) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS claude_requests (
      id TEXT PRIMARY KEY,
      session TEXT NOT NULL,
      hello TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      decision TEXT,
      ended TEXT,
      ended_at INTEGER
    ) STRICT;
  `);
  const insert = store.db.prepare("INSERT INTO claude_requests VALUES (?, ?, ?, ?, NULL, NULL, NULL)");
  const read = store.db.prepare("SELECT * FROM claude_requests WHERE id = ?");
  const open = store.db.prepare("SELECT * FROM claude_requests WHERE ended IS NULL ORDER BY created_at");
  const decide = store.db.prepare("UPDATE claude_requests SET decision = ? WHERE id = ?");
  // What Claude wanted to do may be large and secret: it goes when it is over.
  const end = store.db.prepare(
    "UPDATE claude_requests SET ended = ?, ended_at = ?, hello = '', decision = NULL WHERE id = ? AND ended IS NULL",
  );
  const prune = store.db.prepare("DELETE FROM claude_requests WHERE ended_at < ?");

  const stored = (row: unknown): StoredRequest => {
    const { hello, created_at, decision, ended, ...rest } = Row.parse(row);
    return {
      ...rest,
      createdAt: created_at,
      hello: HookHello.parse(JSON.parse(hello)),
      decision: decision === null ? null : JSON.parse(decision),
      end: ended,
    };
  };
  return {
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
    add(request: Pick<StoredRequest, "id" | "session" | "hello" | "createdAt">): void {
      insert.run(request.id, request.session, JSON.stringify(request.hello), request.createdAt);
    },
    decide(id: string, decision: CommandOf<"decide">): void {
      decide.run(JSON.stringify(decision), id);
    },
    /** Ends it once; false when it has ended before. */
    end: (id: string, how: RequestEnd, now: number): boolean => end.run(how, now, id).changes === 1,
    prune: (endedBefore: number): void => void prune.run(endedBefore),
  };
}
