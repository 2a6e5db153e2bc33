import { and, eq, lte } from "drizzle-orm";
import type { Database } from "./database.ts";
import { ordered } from "./ordered.ts";
import { outbox } from "./tables.ts";

/** A row on its way out of an object; a later version of the same key replaces it. */
export type Outgoing = { key: string; version: number; body: string };

/** How long after a failed or interrupted delivery the alarm tries again. */
export const PUBLISH_RETRY_MS = 5_000;

type Parts = {
  db: Database;
  /** Hands rows to D1 and the hub; both must be idempotent by key and version. Throws when either failed. */
  deliver: (rows: Outgoing[]) => Promise<void>;
  /** Makes sure that `drain` is called again, whatever happens to this object. */
  retryAt: (at: number) => void;
};

/** Carries an object's state to D1 and the hub: at least once, newest wins, never blocking what caused it. */
export class Publisher {
  readonly #parts: Parts;
  /** Prepared, since it is asked after every commit. */
  readonly #waiting;
  #draining: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#waiting = parts.db
      .select()
      .from(outbox)
      .orderBy(ordered(outbox.key, "asc", 50))
      .prepare();
  }

  /** Notes a row; part of the caller's transaction. Call `drain` after it. */
  put(row: Outgoing): void {
    const { db, retryAt } = this.#parts;
    db.insert(outbox).values(row).onConflictDoUpdate({ target: outbox.key, set: row }).run();
    retryAt(Date.now() + PUBLISH_RETRY_MS);
  }

  /** Delivers everything noted. One runs at a time; a caller that comes meanwhile waits for the same rounds. */
  drain(): Promise<void> {
    this.#draining ??= this.#rounds();
    return this.#draining;
  }

  async #rounds(): Promise<void> {
    const { db, deliver } = this.#parts;
    await Promise.resolve(); // so that `#draining` is set before the end below clears it
    try {
      for (;;) {
        const rows = this.#waiting.all();
        if (rows.length === 0) return;
        await deliver(rows);
        for (const { key, version } of rows)
          db.delete(outbox)
            .where(and(eq(outbox.key, key), lte(outbox.version, version)))
            .run();
      }
    } finally {
      // In the same turn as the last look at the table: a row that is put after it starts new rounds.
      this.#draining = null;
    }
  }
}
