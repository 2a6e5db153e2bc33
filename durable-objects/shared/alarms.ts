import { eq, lte, min } from "drizzle-orm";
import type { Database } from "./database.ts";
import { alarms } from "./tables.ts";
import { logError } from "./logError.ts";

/** What runs when a named alarm is due, and since when it is. It may arm itself again. */
export type AlarmHandlers<Name extends string> = Record<Name, (due: number) => Promise<void> | void>;

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** The platform takes no later time; who wants one is woken then, and armed again. */
const FURTHEST = Date.UTC(2180, 0, 1);

/**
 * Many named alarms over the one alarm of a Durable Object. A name that fails is tried again with backoff;
 * the others are not held up.
 */
export class Alarms<Name extends string> {
  readonly #db: Database;
  readonly #storage: DurableObjectStorage;
  readonly #handlers: AlarmHandlers<Name>;
  /** The alarm whose handler runs now, and the time for which it armed itself again. */
  #running: { name: string; again: number | null } | null = null;

  constructor(db: Database, storage: DurableObjectStorage, handlers: AlarmHandlers<Name>) {
    this.#db = db;
    this.#storage = storage;
    this.#handlers = handlers;
  }

  /** Arms `name` for `at`; an earlier time that is already set stays. Part of the caller's transaction. */
  atLatest(name: Name, at: number): void {
    if (this.#running?.name === name) {
      this.#running.again = Math.min(this.#running.again ?? at, at);
      return;
    }
    const set = this.#db.select().from(alarms).where(eq(alarms.name, name)).get();
    if (set !== undefined && set.at <= at) return;
    const next = this.#next();
    this.#set(name, at, 0);
    // Set again for the same time it would be billed again. (One that runs is over: then it is set at the end.)
    if (next === null || at < next || this.#running !== null) this.#arm();
  }

  clear(name: Name): void {
    this.#db.delete(alarms).where(eq(alarms.name, name)).run();
  }

  /** Runs what is due; call it from `alarm()`. A row stays until its handler is through, so a crash runs it again. */
  async run(now: number = Date.now()): Promise<void> {
    const due = this.#db.select().from(alarms).where(lte(alarms.at, now)).all();
    for (const { name, at, failures } of due) {
      this.#running = { name, again: null };
      try {
        await this.#handlers[name as Name]?.(at);
        if (this.#running.again === null) this.clear(name as Name);
        else this.#set(name, this.#running.again, 0);
      } catch (error) {
        logError(`alarm ${name} failed`, error);
        this.#set(name, now + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures), failures + 1);
      } finally {
        this.#running = null;
      }
    }
    this.#arm();
  }

  #set(name: string, at: number, failures: number): void {
    const set = { at, failures };
    this.#db
      .insert(alarms)
      .values({ name, ...set })
      .onConflictDoUpdate({ target: alarms.name, set })
      .run();
  }

  #arm(): void {
    const next = this.#next();
    if (next !== null) void this.#storage.setAlarm(Math.min(Math.max(next, 1), FURTHEST));
  }

  #next(): number | null {
    return (
      this.#db
        .select({ at: min(alarms.at) })
        .from(alarms)
        .get()?.at ?? null
    );
  }
}
