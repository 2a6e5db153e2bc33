import * as z from "zod";
import type { Store } from "../../store.ts";
import { ThreadState } from "./translateThread.ts";

const Row = z.object({
  session: z.string(),
  thread: z.string(),
  pid: z.number(),
  started: z.string(),
  state: z.string().nullable(),
});

/** Where a conversation runs: the terminal's process, and the session that is its pane. */
export type ThreadPlace = { session: string; thread: string; pid: number; started: string };

export type ThreadStore = ReturnType<typeof openThreadStore>;

/** Opens the table of conversations: which terminal each one runs in, and what of it has been told. */
export function openThreadStore(store: Store) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS codex_live_threads (
      session TEXT NOT NULL,
      thread TEXT NOT NULL,
      pid INTEGER NOT NULL,
      started TEXT NOT NULL,
      state TEXT,
      seen_at INTEGER NOT NULL,
      PRIMARY KEY (session, thread)
    ) STRICT;
  `);
  const all = store.db.prepare("SELECT * FROM codex_live_threads ORDER BY seen_at");
  const read = store.db.prepare("SELECT * FROM codex_live_threads WHERE session = ? AND thread = ?");
  const ofSession = store.db.prepare(
    "SELECT * FROM codex_live_threads WHERE session = ? AND state IS NOT NULL",
  );
  const place = store.db.prepare(`
    INSERT INTO codex_live_threads VALUES (?, ?, ?, ?, NULL, ?)
    ON CONFLICT (session, thread) DO UPDATE SET pid = excluded.pid, started = excluded.started, seen_at = excluded.seen_at
  `);
  const save = store.db.prepare(
    "UPDATE codex_live_threads SET state = ?, seen_at = ? WHERE session = ? AND thread = ?",
  );
  const prune = store.db.prepare("DELETE FROM codex_live_threads WHERE seen_at < ?");
  const stateOf = (row: unknown): ThreadState | null => {
    if (row === undefined) return null;
    const { state } = Row.parse(row);
    return state === null ? null : ThreadState.parse(JSON.parse(state));
  };
  return {
    /** Oldest first. */
    places: (): ThreadPlace[] =>
      all.all().map((row) => {
        const { session, thread, pid, started } = Row.parse(row);
        return { session, thread, pid, started };
      }),
    place({ session, thread, pid, started }: ThreadPlace, now: number): void {
      place.run(session, thread, pid, started, now);
    },
    state: (session: string, thread: string): ThreadState | null => stateOf(read.get(session, thread)),
    /** Turns of the session, over all its conversations. */
    turns: (session: string): number =>
      Math.max(0, ...ofSession.all(session).map((row) => stateOf(row)?.turn ?? 0)),
    save(session: string, thread: string, state: ThreadState, now: number): void {
      save.run(JSON.stringify(state), now, session, thread);
    },
    prune: (seenBefore: number): void => void prune.run(seenBefore),
  };
}
