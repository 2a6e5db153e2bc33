import * as z from "zod";
import type { Store } from "../../store.ts";
import { Talk } from "../opencode/opencodeTalk.ts";

/** What of a terminal's conversations has been told. */
export const PaneTalk = z.object({
  /** The session's turns so far, over all its conversations. */
  turn: z.number().int(),
  /** By OpenCode's own id; the newest last. */
  talks: z.array(z.object({ talk: Talk, settled: z.string() })),
});
export type PaneTalk = z.infer<typeof PaneTalk>;

const Row = z.object({ state: z.string() });

/** Opens the table of conversations that run in panes. */
export function openTalkStore(store: Store) {
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS opencode_talks (
      session TEXT PRIMARY KEY,
      state TEXT NOT NULL,
      seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
  const read = store.db.prepare("SELECT state FROM opencode_talks WHERE session = ?");
  const save = store.db.prepare("INSERT OR REPLACE INTO opencode_talks VALUES (?, ?, ?)");
  const prune = store.db.prepare("DELETE FROM opencode_talks WHERE seen_at < ?");
  return {
    get(session: string): PaneTalk {
      const row = read.get(session);
      return row === undefined ? { turn: 0, talks: [] } : PaneTalk.parse(JSON.parse(Row.parse(row).state));
    },
    put: (session: string, state: PaneTalk, now: number): void =>
      void save.run(session, JSON.stringify(state), now),
    prune: (seenBefore: number): void => void prune.run(seenBefore),
  };
}
