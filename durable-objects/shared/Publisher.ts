import { and, asc, eq, gt, lte, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { logError } from "./logError.ts";
import { ordered } from "./ordered.ts";
import { outbox } from "./tables.ts";

/** A row on its way out of an object; a later version of the same key replaces it. */
export type Outgoing = { key: string; version: number; body: string };

/** How long what nobody waits for gathers before it is delivered. */
export const GATHER_MS = 250;
/** How long after a failed or interrupted delivery the alarm tries again. */
export const PUBLISH_RETRY_MS = 5_000;
/** A row that failed so often is parked: it is tried again only now and then, until a newer version takes its place. */
export const PARKED_AFTER = 20;
export const PARKED_RETRY_MS = 10 * 60_000;

/** `now`: somebody waits for it; `soon`: it goes with whatever else changes in the next moment. */
export type Urgency = "now" | "soon";

/** `stands`: it is no row of the outbox. */
type Row = Outgoing & { stands?: true };

type Parts = {
  db: Database;
  /** Hands rows to D1 and the hub; both must be idempotent by key and version. Throws when any of it failed. */
  deliver: (rows: Outgoing[]) => Promise<void>;
  /** Makes sure that `retry` is called, whatever happens to this object. */
  retryAt: (at: number) => void;
  /** What the object keeps anyway: of it no copy is noted, only its newest version is delivered. Null: nothing (any more). */
  standing?: () => Outgoing | null;
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
  #gathering: Promise<void> | null = null;
  /** What was noted since the last delivery began, by the most urgent of it. */
  #noted: Urgency | null = null;
  /** The version of what stands that is known to have arrived, and the one that was tried; unknown to an object that has just woken. */
  #arrived = -1;
  #tried = -1;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#fresh = parts.db
      .select()
      .from(outbox)
      .where(eq(outbox.failures, 0))
      .orderBy(ordered(outbox.key, "asc", 50))
      .prepare();
  }

  /** Notes a row; part of the caller's transaction. Call `publish` after it. */
  put(row: Outgoing, urgency: Urgency = "now"): void {
    const set = { ...row, failures: 0 };
    this.#parts.db.insert(outbox).values(set).onConflictDoUpdate({ target: outbox.key, set }).run();
    this.changed(urgency);
  }

  /** Notes that what stands has a newer version; part of the caller's transaction. Call `publish` after it. */
  changed(urgency: Urgency): void {
    if (this.#noted !== "now") this.#noted = urgency;
    this.#parts.retryAt(Date.now() + PUBLISH_RETRY_MS);
  }

  /** Delivers what was noted, at once or in a moment. */
  publish(): Promise<void> {
    if (this.#noted === "now") return this.drain();
    if (this.#noted === null) return Promise.resolve();
    this.#gathering ??= new Promise((resolve) => setTimeout(resolve, GATHER_MS)).then(() => {
      this.#gathering = null;
      return this.drain();
    });
    return this.#gathering;
  }

  /** Delivers everything that has not failed. One runs at a time; a caller that comes meanwhile waits for the same rounds. */
  drain(): Promise<void> {
    this.#draining ??= this.#rounds();
    return this.#draining;
  }

  /** For the alarm: delivers everything, also what failed. Throws while something fails that should be tried again soon. */
  async retry(): Promise<void> {
    const { db, retryAt } = this.#parts;
    this.#tried = this.#arrived;
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
      .select({ failures: outbox.failures })
      .from(outbox)
      .where(gt(outbox.failures, 0))
      .all()
      .map(({ failures }) => failures);
    const stands = (this.#parts.standing?.()?.version ?? -1) > this.#arrived;
    if (stands || left.some((failures) => failures < PARKED_AFTER))
      throw new Error(`${left.length + Number(stands)} rows are not published yet.`);
    if (left.length > 0) retryAt(Date.now() + PARKED_RETRY_MS);
  }

  /** Delivers what has not failed, and between that `again`: keys of rows that have, as they are when it is their turn. */
  async #rounds(again: string[] = []): Promise<void> {
    await Promise.resolve(); // so that `#draining` is set before the end below clears it
    try {
      for (;;) {
        this.#noted = null;
        const standing = this.#parts.standing?.() ?? null;
        const rows: Row[] = this.#fresh.all();
        if (standing !== null && standing.version > this.#tried) rows.unshift({ ...standing, stands: true });
        if (rows.length > 0) {
          await this.#try(rows);
          continue;
        }
        const key = again.shift();
        if (key === undefined) return;
        const row = this.#parts.db.select().from(outbox).where(eq(outbox.key, key)).get();
        if (row !== undefined) await this.#try([row]);
      }
    } finally {
      // In the same turn as the last look at the table: a row that is put after it starts new rounds.
      this.#draining = null;
    }
  }

  /** All together; when that fails each alone, so that a bad one fails alone. */
  async #try(rows: Row[]): Promise<void> {
    try {
      await this.#parts.deliver(rows);
      for (const row of rows) this.#settle(row);
    } catch (error) {
      const [row, ...others] = rows;
      if (row === undefined) return;
      if (others.length === 0) this.#fail(row, error);
      else for (const each of rows) await this.#try([each]);
    }
  }

  #settle({ key, version, stands }: Row): void {
    if (stands === true) {
      this.#arrived = this.#tried = version;
      return;
    }
    this.#parts.db
      .delete(outbox)
      .where(and(eq(outbox.key, key), lte(outbox.version, version)))
      .run();
  }

  #fail({ key, version, stands }: Row, error: unknown): void {
    if (stands === true) {
      this.#tried = version;
      return logError(`${key} is not published yet`, error);
    }
    const failed = this.#parts.db
      .update(outbox)
      .set({ failures: sql`${outbox.failures} + 1` })
      .where(and(eq(outbox.key, key), eq(outbox.version, version)))
      .returning({ failures: outbox.failures })
      .get();
    logError(
      `${key} is not published yet${failed?.failures === PARKED_AFTER ? "; it is parked" : ""}`,
      error,
    );
  }
}
