import * as z from "zod";
import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { RequestEnd } from "../../../protocol/requests.ts";
import type { Store } from "../../store.ts";
import { moveOldRequests } from "./moveOldRequests.ts";

/** A request that an agent waits with, as the daemon remembers it. */
export type StoredRequest<Asked> = {
  id: string;
  session: string;
  /** What was asked, in the agent's own words. */
  asked: Asked;
  createdAt: number;
  /** The decision that is on its way to the agent. */
  decision: CommandOf<"decide"> | null;
};

const Row = z.object({
  id: z.string(),
  session: z.string(),
  asked: z.string(),
  created_at: z.number(),
  decision: z.string().nullable(),
  ended: RequestEnd.nullable(),
});
const Untold = z.object({
  id: z.string(),
  session: z.string(),
  decided: z.number().transform((flag) => flag === 1),
  /** What was decided, where something was. */
  allowed: z
    .number()
    .nullable()
    .transform((flag) => (flag === null ? null : flag === 1)),
  ended: RequestEnd.nullable(),
});
/** A request of which the agent's own record has not told yet whose answer it took. */
export type UntoldRequest = z.infer<typeof Untold>;

export type RequestStore<Asked> = ReturnType<typeof openRequestStore<Asked>>;

/**
 * Opens the table of requests: what waits, what was decided, what ended. `requester` names whose they are: each part
 * sees its own alone. What was asked is kept as `schema` reads it.
 */
export function openRequestStore<Asked>(store: Store, requester: string, schema: z.ZodType<Asked>) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS agent_requests (
      requester TEXT NOT NULL,
      id TEXT NOT NULL,
      session TEXT NOT NULL,
      asked TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      decision TEXT,
      decided_at INTEGER,
      ended TEXT,
      ended_at INTEGER,
      call TEXT,
      PRIMARY KEY (requester, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS agent_requests_by_call ON agent_requests (requester, call) WHERE call IS NOT NULL;
  `);
  moveOldRequests(store);
  const of = "FROM agent_requests WHERE requester = ?";
  const insert = store.db.prepare(
    "INSERT INTO agent_requests VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, ?)",
  );
  const read = store.db.prepare(`SELECT * ${of} AND id = ?`);
  const open = store.db.prepare(`SELECT * ${of} AND ended IS NULL ORDER BY created_at`);
  const untold = store.db.prepare(
    `SELECT id, session, decided_at IS NOT NULL AS decided, decision ->> '$.allow' AS allowed, ended
     ${of} AND call = ? ORDER BY created_at`,
  );
  const prune = store.db.prepare(`DELETE ${of} AND coalesce(ended_at, decided_at) < ?`);
  const update = (set: string, where = "") =>
    store.db.prepare(`UPDATE agent_requests SET ${set} WHERE requester = ? AND id = ? ${where}`);
  const decide = update("decision = ?, decided_at = ?");
  // What an agent wanted to do may be large and secret: it goes when it is over; of a decision the yes or no stays.
  const end = update(
    `ended = ?, ended_at = ?, asked = '',
     decision = CASE WHEN decision IS NOT NULL THEN json_object('allow', json(iif(decision ->> '$.allow', 'true', 'false'))) END`,
    "AND ended IS NULL",
  );
  const tell = update("ended = ?, ended_at = ?, asked = '', decision = NULL, call = NULL");

  const stored = (row: z.infer<typeof Row>): StoredRequest<Asked> => ({
    id: row.id,
    session: row.session,
    asked: schema.parse(JSON.parse(row.asked)),
    createdAt: row.created_at,
    decision: row.decision === null ? null : JSON.parse(row.decision),
  });
  const find = (id: string) => Row.optional().parse(read.get(requester, id));
  return {
    /** Whether a request is open, or was lately. */
    knows: (id: string): boolean => find(id) !== undefined,
    /** An open request. */
    get(id: string): StoredRequest<Asked> | null {
      const row = find(id);
      return row === undefined || row.ended !== null ? null : stored(row);
    },
    /** How a request ended; null when it is open or unknown. */
    endOf: (id: string): RequestEnd | null => find(id)?.ended ?? null,
    /** Oldest first. */
    open: (): StoredRequest<Asked>[] => open.all(requester).map((row) => stored(Row.parse(row))),
    /** `call`: what the agent's own record knows it by, where that tells later whose answer was taken. */
    add(request: Omit<StoredRequest<Asked>, "decision"> & { call?: string }): void {
      const { id, session, asked, createdAt, call = null } = request;
      insert.run(requester, id, session, JSON.stringify(asked), createdAt, call);
    },
    decide(id: string, decision: CommandOf<"decide">, now: number): void {
      decide.run(JSON.stringify(decision), now, requester, id);
    },
    /** Ends it once; false when it has ended before. */
    end: (id: string, how: RequestEnd, now: number): boolean =>
      end.run(how, now, requester, id).changes === 1,
    /** The requests that a call in the agent's record may be, oldest first. */
    untold: (call: string): UntoldRequest[] => untold.all(requester, call).map((row) => Untold.parse(row)),
    /** The agent's record has told how it ended, whatever was known before. */
    tell: (id: string, how: RequestEnd, now: number): void => void tell.run(how, now, requester, id),
    /** Forgets what ended, or was decided without a known end, before a time. What waits is never forgotten. */
    prune: (before: number): void => void prune.run(requester, before),
  };
}

/** What a command that decides is answered when the end of its request is known. */
export function decided(end: RequestEnd): CommandResult {
  return { status: "done", value: { type: "decided", end } };
}
