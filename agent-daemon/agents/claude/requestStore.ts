import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { RequestEnd } from "../../../protocol/requests.ts";
import type { Store } from "../../store.ts";
import { HookHello } from "./hookWire.ts";
import { callKey } from "./translate.ts";

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
const Untold = z.object({
  id: z.string(),
  session: z.string(),
  decided: z.number().transform((flag) => flag === 1),
  ended: RequestEnd.nullable(),
});
/** A request of which the transcript has not told yet whose answer Claude took. */
export type UntoldRequest = z.infer<typeof Untold>;

export type RequestStore = ReturnType<typeof openRequestStore>;

/** Opens the table of requests: what waits, what was decided, what ended. */
export function openRequestStore(store: Store) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS claude_asked (
      id TEXT PRIMARY KEY,
      session TEXT NOT NULL,
      hello TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      decision TEXT,
      ended TEXT,
      thread TEXT NOT NULL,
      call TEXT NOT NULL,
      decided INTEGER NOT NULL,
      told INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS claude_asked_by_call ON claude_asked (call) WHERE told = 0;
  `);
  const insert = store.db.prepare("INSERT INTO claude_asked VALUES (?, ?, ?, ?, NULL, NULL, ?, ?, 0, 0)");
  const read = store.db.prepare("SELECT * FROM claude_asked WHERE id = ?");
  const open = store.db.prepare("SELECT * FROM claude_asked WHERE ended IS NULL ORDER BY created_at");
  const decide = store.db.prepare("UPDATE claude_asked SET decision = ?, decided = 1 WHERE id = ?");
  // What Claude wanted to do may be large and secret: it goes when it is over.
  const end = store.db.prepare(
    "UPDATE claude_asked SET ended = ?, hello = '', decision = NULL WHERE id = ? AND ended IS NULL",
  );
  const untold = store.db.prepare(
    "SELECT id, session, decided, ended FROM claude_asked WHERE thread = ? AND call = ? AND told = 0 ORDER BY created_at",
  );
  const tell = store.db.prepare(
    "UPDATE claude_asked SET ended = ?, told = 1, hello = '', decision = NULL WHERE id = ?",
  );
  const prune = store.db.prepare("DELETE FROM claude_asked WHERE created_at < ?");

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
    add(request: Pick<StoredRequest, "id" | "session" | "hello" | "createdAt">): void {
      const { id, session, hello, createdAt } = request;
      const { session_id: thread, tool_name, tool_input } = hello.hook;
      insert.run(id, session, JSON.stringify(hello), createdAt, thread, callKey(tool_name, tool_input));
    },
    decide(id: string, decision: CommandOf<"decide">): void {
      decide.run(JSON.stringify(decision), id);
    },
    /** Ends it once; false when it has ended before. */
    end: (id: string, how: RequestEnd): boolean => end.run(how, id).changes === 1,
    /** The requests that a call in the transcript may be, oldest first. */
    untold: (thread: string, call: string): UntoldRequest[] =>
      untold.all(thread, call).map((row) => Untold.parse(row)),
    /** The transcript has told how it ended, whatever was known before. */
    tell: (id: string, how: RequestEnd): void => void tell.run(how, id),
    prune: (createdBefore: number): void => void prune.run(createdBefore),
  };
}
