import type { Store } from "../../store.ts";

/** Claude's and Codex's requests had a table each: what still waits in them, or ended lately, is taken over. */
const MOVES = {
  claude_asked: `
    SELECT 'claude', id, session, hello, created_at, decision,
      CASE decided WHEN 1 THEN created_at END, ended, CASE WHEN ended IS NULL THEN NULL ELSE created_at END,
      CASE told WHEN 0 THEN thread || ' ' || call END
    FROM claude_asked`,
  codex_requests: `
    SELECT 'codex-live', id, session, asked, created_at, decision,
      CASE WHEN decision IS NULL THEN NULL ELSE created_at END, ended, ended_at, NULL
    FROM codex_requests`,
};

/** Takes over the requests of a daemon that was older; nothing where that was done. */
export function moveOldRequests(store: Store): void {
  const table = store.db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  for (const [old, rows] of Object.entries(MOVES))
    if (table.get(old) !== undefined)
      store.transaction(() => {
        store.db.exec(`INSERT OR IGNORE INTO agent_requests ${rows}; DROP TABLE ${old};`);
      });
}
