import type { DatabaseSync } from "node:sqlite";

/** The link's tables in the daemon's store: messages on their way to the edge, and commands that came from it. */
export function makeLinkTables(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS link_journal (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      epoch TEXT NOT NULL,
      acked INTEGER NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT;
    -- AUTOINCREMENT: a seq is never given twice, also after its row is gone; a rolled back one leaves no hole.
    CREATE TABLE IF NOT EXISTS link_messages (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      json TEXT NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS link_gaps (
      session TEXT PRIMARY KEY,
      lost INTEGER NOT NULL,
      since INTEGER NOT NULL
    ) STRICT;
    -- state: running | done. seq: that of the message with the result.
    CREATE TABLE IF NOT EXISTS link_commands (
      id TEXT PRIMARY KEY,
      session TEXT NOT NULL,
      state TEXT NOT NULL,
      at INTEGER NOT NULL,
      result TEXT,
      seq INTEGER
    ) STRICT;
  `);
}
