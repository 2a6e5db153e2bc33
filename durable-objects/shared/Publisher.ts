import { and, asc, count, eq, gt, lte, min, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { logError } from "./logError.ts";
import { ordered } from "./ordered.ts";
import { outbox } from "./tables.ts";

/** A row on its way out of an object; a later version of the same key replaces it. */
export type Outgoing = { key: string; version: number; body: string };

/** How long after a failed or interrupted delivery the alarm tries again. */
export const PUBLISH_RETRY_MS = 5_000;
/** A row that failed so often is parked: it is tried again only now and then, until a newer version takes its place. */
export const PARKED_AFTER = 20;
export const PARKED_RETRY_MS = 10 * 60_000;

type Parts = {
  db: Database;
  /** Hands a row to D1 and the hub; both must be idempotent by key and version. Throws when either failed. */
  deliver: (row: Outgoing) => Promise<void>;
  /** Makes sure that `retry` is called, whatever happens to this object. */
  retryAt: (at: number) => void;
};

/**
 * Carries an object's state to D1 and the hub: at least once, newest wins, never blocking what caused it. A row that
 * fails holds up no other.
 */
export class Publisher {
  readonly #parts: Parts;
  /** Prepared, since it is asked after every commit. */
  readonly #fresh;
  #draining: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#fresh = parts.db
      .select()
      .from(outbox)
      .where(eq(outbox.failures, 0))
      .orderBy(ordered(outbox.key, "asc", 50))
      .prepare();
  }

  /** Notes a row; part of the caller's transaction. Call `drain` after it. */
  put(row: Outgoing): void {
    const { db, retryAt } = this.#parts;
    const set = { ...row, failures: 0 };
    db.insert(outbox).values(set).onConflictDoUpdate({ target: outbox.key, set }).run();
    retryAt(Date.now() + PUBLISH_RETRY_MS);
  }

  /** Delivers everything that has not failed. One runs at a time; a caller that comes meanwhile waits for the same rounds. */
  drain(): Promise<void> {
    this.#draining ??= this.#rounds();
    return this.#draining;
  }

  /** For the alarm: delivers everything, also what failed. Throws while something fails that should be tried again soon. */
  async retry(): Promise<void> {
    const { db, retryAt } = this.#parts;
    await this.drain();
    // An older version must not arrive after a newer one: never two deliveries at once.
    while (this.#draining !== null) await this.#draining;
    const failed = db.select({ key: outbox.key }).from(outbox).where(gt(outbox.failures, 0));
    this.#draining = this.#rounds(
      failed
        .orderBy(asc(outbox.key))
        .all()
        .map(({ key }) => key),
    );
    await this.#draining;
    const left = db
      .select({ rows: count(), failures: min(outbox.failures) })
      .from(outbox)
      .where(gt(outbox.failures, 0))
      .get();
    if (left === undefined || left.failures === null) return;
    if (left.failures < PARKED_AFTER) throw new Error(`${left.rows} rows are not published yet.`);
    retryAt(Date.now() + PARKED_RETRY_MS);
  }

  /** Delivers what has not failed, and between that `again`: keys of rows that have, as they are when it is their turn. */
  async #rounds(again: string[] = []): Promise<void> {
    await Promise.resolve(); // so that `#draining` is set before the end below clears it
    try {
      for (;;) {
        const rows = this.#fresh.all();
        for (const row of rows) await this.#try(row);
        if (rows.length > 0) continue;
        const key = again.shift();
        if (key === undefined) return;
        const row = this.#parts.db.select().from(outbox).where(eq(outbox.key, key)).get();
        if (row !== undefined) await this.#try(row);
      }
    } finally {
      // In the same turn as the last look at the table: a row that is put after it starts new rounds.
      this.#draining = null;
    }
  }

  async #try({ key, version, body, failures }: typeof outbox.$inferSelect): Promise<void> {
    const { db, deliver } = this.#parts;
    try {
      await deliver({ key, version, body });
      db.delete(outbox)
        .where(and(eq(outbox.key, key), lte(outbox.version, version)))
        .run();
    } catch (error) {
      logError(`${key} is not published yet${failures + 1 === PARKED_AFTER ? "; it is parked" : ""}`, error);
      db.update(outbox)
        .set({ failures: sql`${outbox.failures} + 1` })
        .where(and(eq(outbox.key, key), eq(outbox.version, version)))
        .run();
    }
  }
}
