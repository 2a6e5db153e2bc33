import { and, asc, count, desc, eq, inArray, isNotNull, lt, lte } from "drizzle-orm";
import type { Execution } from "../../protocol/schedules.ts";
import type { Database } from "../shared/database.ts";
import { executions } from "./schema.ts";

/** An execution, and how its start stands: when it is to be tried or looked at, and how often that failed. */
export type Open = { execution: Execution; start_at: number; failures: number };

/** Executions that are kept of each schedule. */
const MOST_KEPT = 200;

/** The rows of executions. Synchronous; joins the caller's transaction. */
export class Executions {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(id: string): Execution | null {
    const row = this.#db.select().from(executions).where(eq(executions.id, id)).get();
    return row === undefined ? null : read(row);
  }

  /** A schedule's executions, newest first, before one. */
  page(schedule: string, before: string | null, limit: number): Execution[] {
    const older = before === null ? undefined : lt(executions.id, before);
    return this.#db
      .select()
      .from(executions)
      .where(and(eq(executions.schedule, schedule), older))
      .orderBy(desc(executions.id))
      .limit(limit)
      .all()
      .map(read);
  }

  /** Those that are to be started, or wait for another, oldest first. */
  open(): Open[] {
    const rows = this.#db
      .select()
      .from(executions)
      .where(isNotNull(executions.start_at))
      .orderBy(asc(executions.id))
      .all();
    return rows.map((row) => ({
      execution: read(row),
      start_at: row.start_at ?? 0,
      failures: row.failures,
    }));
  }

  /** Those of a schedule that were started, and are not known to have ended. */
  running(schedule: string): Execution[] {
    const open = and(this.#of(schedule, ["started"]), eq(executions.over, false));
    return this.#db.select().from(executions).where(open).all().map(read);
  }

  /** How many of a schedule run or are about to, and how many wait for them. */
  load(schedule: string): { running: number; waiting: number } {
    const of = (states: Execution["state"][]) =>
      this.#db
        .select({ n: count() })
        .from(executions)
        .where(and(this.#of(schedule, states), eq(executions.over, false)))
        .get()?.n ?? 0;
    return { running: of(["starting", "started"]), waiting: of(["waiting"]) };
  }

  /** Adds one; `start_at` when there is something to start, or to look at, later. */
  add(execution: Execution, start_at: number | null): void {
    const { id, schedule, state } = execution;
    const row = { id, schedule, state, start_at, json: JSON.stringify(execution) };
    this.#db.insert(executions).values(row).run();
    this.#forgetOld(schedule);
  }

  /** One comes to another state, unless it was removed meanwhile. */
  move(execution: Execution, start_at: number | null): void {
    const { id, state } = execution;
    const row = { state, start_at, json: JSON.stringify(execution) };
    this.#db.update(executions).set(row).where(eq(executions.id, id)).run();
  }

  /** Its start is tried again later. */
  again(id: string, start_at: number, failures: number): void {
    this.#db.update(executions).set({ start_at, failures }).where(eq(executions.id, id)).run();
  }

  /** The work of one has ended. */
  over(id: string): void {
    this.#db.update(executions).set({ over: true }).where(eq(executions.id, id)).run();
  }

  /** Forgets those of a schedule. */
  clear(schedule: string): void {
    this.#db.delete(executions).where(eq(executions.schedule, schedule)).run();
  }

  #of(schedule: string, states: Execution["state"][]) {
    return and(eq(executions.schedule, schedule), inArray(executions.state, states));
  }

  #forgetOld(schedule: string): void {
    const kept = this.#db
      .select({ id: executions.id })
      .from(executions)
      .where(eq(executions.schedule, schedule))
      .orderBy(desc(executions.id))
      .limit(1)
      .offset(MOST_KEPT)
      .get();
    if (kept === undefined) return;
    const ended = this.#of(schedule, ["started", "skipped", "missed", "failed"]);
    this.#db
      .delete(executions)
      .where(and(ended, lte(executions.id, kept.id)))
      .run();
  }
}

function read({ json }: typeof executions.$inferSelect): Execution {
  return JSON.parse(json); // written by this class alone
}
