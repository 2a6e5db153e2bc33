import * as z from "zod";
import { SessionFacts, SessionStatus, Worktree } from "../../protocol/session.ts";
import type { Store } from "../store.ts";

/** Where a pane is, so that no other pane is ever taken for it: a new server begins to count at %0 again. */
export type PaneKey = { socket: string; serverPid: number; serverStart: number; pane: string };

/** What the daemon remembers of a session that is a pane. */
export type SessionRecord = {
  session: string;
  /** The socket's path. */
  socket: string;
  /** Null while the pane is being made. */
  key: PaneKey | null;
  /** We made the pane, so its end is ours to learn and to clear up. */
  spawned: boolean;
  /** A command asked for its end. */
  killed: boolean;
  title: string;
  worktree: Worktree | null;
  /** What the edge was told last. */
  facts: SessionFacts | null;
  status: SessionStatus | null;
  reason: string | null;
  endedAt: number | null;
  /** How it ended, in words. */
  endReason: string | null;
};

export type SessionRecords = {
  all(): IterableIterator<SessionRecord>;
  get(session: string): SessionRecord | undefined;
  /** The live session of a pane. */
  byPane(key: PaneKey): SessionRecord | undefined;
  /** Writes to the store; to be called inside a transaction whose success {@link commit} then follows. */
  save(record: SessionRecord): void;
  /** Takes a record as the truth after it has been saved. */
  commit(record: SessionRecord): void;
  /** Saves and commits. */
  put(record: SessionRecord): void;
  remove(session: string): void;
  /** Forgets sessions that ended before a time and left nothing behind. */
  prune(endedBefore: number): void;
  /** A small value that outlives the daemon. */
  note(name: string): string | null;
  saveNote(name: string, value: string): void;
};

const Row = z.object({
  session: z.string(),
  socket: z.string(),
  server_pid: z.number().nullable(),
  server_start: z.number().nullable(),
  pane: z.string().nullable(),
  spawned: z.number(),
  killed: z.number(),
  title: z.string(),
  worktree: z.string().nullable(),
  facts: z.string().nullable(),
  status: SessionStatus.nullable(),
  reason: z.string().nullable(),
  ended_at: z.number().nullable(),
  end_reason: z.string().nullable(),
});

/** Opens the sessions' table; what is in memory is always what was committed. */
export function openSessionRecords(store: Store): SessionRecords {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS tmux_sessions (
      session TEXT PRIMARY KEY,
      socket TEXT NOT NULL,
      server_pid INTEGER,
      server_start INTEGER,
      pane TEXT,
      spawned INTEGER NOT NULL,
      killed INTEGER NOT NULL,
      title TEXT NOT NULL,
      worktree TEXT,
      facts TEXT,
      status TEXT,
      reason TEXT,
      ended_at INTEGER,
      end_reason TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS tmux_notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `);
  const upsert = store.db.prepare(
    "INSERT OR REPLACE INTO tmux_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const drop = store.db.prepare("DELETE FROM tmux_sessions WHERE session = ?");
  const readNote = store.db.prepare("SELECT value FROM tmux_notes WHERE name = ?");
  const writeNote = store.db.prepare("INSERT OR REPLACE INTO tmux_notes VALUES (?, ?)");

  const records = new Map<string, SessionRecord>();
  const panes = new Map<string, string>();
  const commit = (record: SessionRecord) => {
    const before = records.get(record.session);
    if (before !== undefined) forgetPane(before);
    records.set(record.session, record);
    if (record.key !== null && record.endedAt === null) panes.set(keyText(record.key), record.session);
  };
  const forgetPane = (record: SessionRecord) => {
    if (record.key !== null && panes.get(keyText(record.key)) === record.session)
      panes.delete(keyText(record.key));
  };
  for (const row of store.db.prepare("SELECT * FROM tmux_sessions").all()) commit(readRow(row));

  const save = (record: SessionRecord) => {
    upsert.run(
      record.session,
      record.socket,
      record.key?.serverPid ?? null,
      record.key?.serverStart ?? null,
      record.key?.pane ?? null,
      Number(record.spawned),
      Number(record.killed),
      record.title,
      record.worktree === null ? null : JSON.stringify(record.worktree),
      record.facts === null ? null : JSON.stringify(record.facts),
      record.status,
      record.reason,
      record.endedAt,
      record.endReason,
    );
  };
  const remove = (session: string) => {
    drop.run(session);
    const record = records.get(session);
    if (record !== undefined) forgetPane(record);
    records.delete(session);
  };

  return {
    all: () => records.values(),
    get: (session) => records.get(session),
    byPane(key) {
      const session = panes.get(keyText(key));
      return session === undefined ? undefined : records.get(session);
    },
    save,
    commit,
    put(record) {
      save(record);
      commit(record);
    },
    remove,
    prune(endedBefore) {
      const over = [...records.values()].filter(
        (record) => record.endedAt !== null && record.endedAt < endedBefore && record.worktree === null,
      );
      // One transaction: hundreds, each waiting for the disk, would hold up everything else.
      if (over.length > 0) store.transaction(() => over.forEach(({ session }) => remove(session)));
    },
    note(name) {
      const row = z.object({ value: z.string() }).safeParse(readNote.get(name));
      return row.success ? row.data.value : null;
    },
    saveNote: (name, value) => {
      writeNote.run(name, value);
    },
  };
}

function keyText(key: PaneKey): string {
  return `${key.serverPid} ${key.serverStart} ${key.pane} ${key.socket}`;
}

function readRow(value: unknown): SessionRecord {
  const row = Row.parse(value);
  const { server_pid: serverPid, server_start: serverStart, pane, socket } = row;
  return {
    session: row.session,
    socket,
    key:
      serverPid === null || serverStart === null || pane === null
        ? null
        : { socket, serverPid, serverStart, pane },
    spawned: row.spawned === 1,
    killed: row.killed === 1,
    title: row.title,
    worktree: parseJson(Worktree, row.worktree),
    facts: parseJson(SessionFacts, row.facts),
    status: row.status,
    reason: row.reason,
    endedAt: row.ended_at,
    endReason: row.end_reason,
  };
}

/** A value written by another version may not fit any more; then it is as if it had not been told yet. */
function parseJson<T extends z.ZodType>(schema: T, text: string | null): z.infer<T> | null {
  if (text === null) return null;
  const parsed = schema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}
