import { desc, eq, lte, min } from "drizzle-orm";
import { newId } from "../../protocol/ids.ts";
import {
  type Execution,
  type NewSchedule,
  Schedule,
  type ScheduleChange,
  type When,
} from "../../protocol/schedules.ts";
import type { WorkRef } from "../../protocol/work.ts";
import type { Started } from "../../worker/work/startWork.ts";
import type { Database } from "../shared/database.ts";
import { logError } from "../shared/logError.ts";
import { judgeTick } from "./judgeTick.ts";
import { nextTime, problemOf } from "./nextTime.ts";
import { Executions, type Open } from "./Executions.ts";
import { schedules } from "./schema.ts";

/** Schedules of one team. */
const MOST_SCHEDULES = 500;
/** While an execution waits for the one before it, that is looked at so often. */
const LOOK_MS = 10_000;
/** A start that failed on the way is tried again after 1 s, 2 s, 4 s, …; then it has failed. */
const FIRST_AGAIN_MS = 1_000;
const MOST_TRIES = 8;

type Parts = {
  db: Database;
  storage: DurableObjectStorage;
  team: string;
  /** Starts the work of an execution. The same execution again starts nothing anew. Throws when it may be tried again. */
  start: (execution: Execution, schedule: Schedule) => Promise<Started>;
  /** Whether what was started has ended. */
  isOver: (work: WorkRef) => Promise<boolean>;
  /** Arms the alarm that calls `tick`. */
  wakeAt: (at: number) => void;
  now: () => number;
  /** Something of the schedules or of what they did is not as it was. */
  changed: () => void;
};

/** What cannot be done, and why. */
export type ScheduleRefused = { refused: "not_found" | "invalid" | "changed" | "too_many"; message: string };

/**
 * A team's schedules and their executions. An execution is stored with the next time of its schedule in one step, before
 * anything is started, and started by its id: so a clock that dies anywhere does each of them once.
 */
export class Schedules {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #executions: Executions;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#executions = new Executions(parts.db);
  }

  /** Newest first. */
  list(): Schedule[] {
    return this.#db
      .select()
      .from(schedules)
      .orderBy(desc(schedules.id))
      .all()
      .map((row) => this.#whole(row));
  }

  get(id: string): Schedule | null {
    const row = this.#db.select().from(schedules).where(eq(schedules.id, id)).get();
    return row === undefined ? null : this.#whole(row);
  }

  /** Makes a schedule; the same id again changes nothing. */
  create(id: string, fresh: NewSchedule, by: string): Schedule | ScheduleRefused {
    const known = this.get(id);
    if (known !== null) return known;
    const now = this.#parts.now();
    const problem = problemOf(fresh.when, now);
    if (problem !== null) return { refused: "invalid", message: problem };
    if (this.list().length >= MOST_SCHEDULES)
      return { refused: "too_many", message: `A team has at most ${MOST_SCHEDULES} schedules.` };
    const stamps = { created_at: now, changed_at: now, version: 1 };
    return this.#save(
      { ...fresh, ...stamps, id, team: this.#parts.team, next_at: null, last: null, by },
      now,
    );
  }

  /** Changes a schedule. One that goes on after a pause is due at its next time from now: a pause is not caught up. */
  change(id: string, { version, ...change }: ScheduleChange): Schedule | ScheduleRefused {
    const before = this.get(id);
    if (before === null) return NOT_FOUND;
    if (version !== undefined && version !== before.version)
      return { refused: "changed", message: "Somebody has changed this schedule. Look at it again." };
    const now = this.#parts.now();
    const after: Schedule = {
      ...before,
      name: change.name ?? before.name,
      when: change.when ?? before.when,
      work: change.work ?? before.work,
      catch_up: change.catch_up ?? before.catch_up,
      overlap: change.overlap ?? before.overlap,
      paused: change.paused ?? before.paused,
      changed_at: now,
      version: before.version + 1,
    };
    const problem = after.paused ? syntaxProblem(after.when, now) : problemOf(after.when, now);
    if (problem !== null && (change.when !== undefined || change.paused === false))
      return { refused: "invalid", message: problem };
    const goesOnAsItWas = change.when === undefined && change.paused === undefined;
    return this.#save(after, now, goesOnAsItWas ? before.next_at : undefined);
  }

  /** Removes a schedule with its history; what it has started goes on. */
  remove(id: string): boolean {
    const removed = this.#parts.storage.transactionSync(() => {
      this.#executions.clear(id);
      return this.#db.delete(schedules).where(eq(schedules.id, id)).returning().all().length > 0;
    });
    if (removed) this.#parts.changed();
    return removed;
  }

  /** Does the work now, whatever else of it runs; the schedule's own times stay. The same id again changes nothing. */
  runNow(id: string, execution: string, by: string): Execution | ScheduleRefused {
    if (this.get(id) === null) return NOT_FOUND;
    const known = this.#executions.get(execution);
    if (known !== null) return known;
    const now = this.#parts.now();
    const asked: Execution = {
      id: execution,
      schedule: id,
      due_at: now,
      cause: "manual",
      state: "starting",
      passed_over: 0,
      work: null,
      error: null,
      by,
      at: now,
    };
    this.#executions.add(asked, now);
    this.#parts.wakeAt(now);
    this.#parts.changed();
    return asked;
  }

  /** A schedule's executions, newest first, before one. */
  executions(schedule: string, before: string | null, limit: number): Execution[] {
    return this.#executions.page(schedule, before, limit);
  }

  /** Does what is due. Call it from the alarm; it arms the next one. */
  async tick(): Promise<void> {
    const now = this.#parts.now();
    const due = this.#db.select().from(schedules).where(lte(schedules.next_at, now)).all();
    const waiting = this.#executions.open().filter(({ execution }) => execution.state === "waiting");
    const asked = new Set([
      ...due.map(({ id }) => id),
      ...waiting.map(({ execution }) => execution.schedule),
    ]);
    await Promise.all([...asked].map((id) => this.#lookAtWork(id)));
    for (const { id } of due) this.#judge(id, now);
    for (const { execution } of waiting)
      if (this.#executions.load(execution.schedule).running === 0)
        this.#executions.move({ ...execution, state: "starting", at: now }, now);
    const toStart = this.#executions
      .open()
      .filter(({ execution, start_at }) => execution.state === "starting" && start_at <= now);
    await Promise.all(toStart.map((open) => this.#start(open)));
    if (due.length > 0 || toStart.length > 0) this.#parts.changed();
    this.#arm();
  }

  /** Notes of what runs whether it has ended. */
  async #lookAtWork(schedule: string): Promise<void> {
    for (const { id, work } of this.#executions.running(schedule)) {
      // What cannot be asked now counts as running: it is asked again at the next look.
      const over = work === null || (await this.#parts.isOver(work).catch(unknown("work not looked at")));
      if (over === true) this.#executions.over(id);
    }
  }

  /** Stores what a schedule that is due does, and when it is due next, in one step. */
  #judge(id: string, now: number): void {
    this.#parts.storage.transactionSync(() => {
      const schedule = this.get(id); // it may have been changed or removed meanwhile
      if (schedule === null || schedule.next_at === null || schedule.next_at > now) return;
      const { next_at } = schedule;
      const { next_at: next, ...tick } = judgeTick({ ...schedule, next_at }, this.#executions.load(id), now);
      const fresh = { id: newId("exe", now), schedule: id, work: null, error: null, by: "clock", at: now };
      const opens = tick.state === "starting" || tick.state === "waiting";
      this.#executions.add({ ...fresh, ...tick }, opens ? now : null);
      this.#db.update(schedules).set({ next_at: next }).where(eq(schedules.id, id)).run();
    });
  }

  async #start({ execution, failures }: Open): Promise<void> {
    const schedule = this.get(execution.schedule);
    if (schedule === null) return; // removed meanwhile, and its executions with it
    const started = await this.#parts.start(execution, schedule).catch(unknown("work not started"));
    const at = this.#parts.now();
    if (started === null && failures + 1 < MOST_TRIES)
      return this.#executions.again(execution.id, at + FIRST_AGAIN_MS * 2 ** failures, failures + 1);
    const end = started ?? { ok: false, message: "It could not be started; the log of the edge says why." };
    const ended: Execution = end.ok
      ? { ...execution, state: "started", work: end.work, at }
      : { ...execution, state: "failed", error: end.message, at };
    this.#executions.move(ended, null);
  }

  /** Stores a schedule; without `next_at` it is due at its next time from now. */
  #save(schedule: Schedule, now: number, next_at?: number | null): Schedule {
    const { id, when, paused, last: _last, ...rest } = schedule;
    const next = paused ? null : next_at === undefined ? nextTime(when, now) : next_at;
    const row = {
      next_at: next,
      json: JSON.stringify({ ...rest, id, when, paused, next_at: null, last: null }),
    };
    this.#db
      .insert(schedules)
      .values({ id, ...row })
      .onConflictDoUpdate({ target: schedules.id, set: row })
      .run();
    if (next !== null) this.#parts.wakeAt(next);
    this.#parts.changed();
    return this.get(id) ?? schedule;
  }

  #arm(): void {
    const now = this.#parts.now();
    const next = this.#db
      .select({ at: min(schedules.next_at) })
      .from(schedules)
      .get();
    const open = this.#executions
      .open()
      .map(({ execution, start_at }) => (execution.state === "waiting" ? now + LOOK_MS : start_at));
    const times = [next?.at ?? null, ...open].filter((at) => at !== null);
    if (times.length > 0) this.#parts.wakeAt(Math.min(...times));
  }

  #whole(row: typeof schedules.$inferSelect): Schedule {
    const last = this.#executions.page(row.id, null, 1)[0] ?? null;
    return Schedule.parse({ ...JSON.parse(row.json), next_at: row.next_at, last });
  }
}

const NOT_FOUND: ScheduleRefused = { refused: "not_found", message: "There is no such schedule (any more)." };

/** A paused schedule may be over; but it must be one. */
function syntaxProblem(when: When, now: number): string | null {
  return when.kind === "once" ? null : problemOf(when, now);
}

/** Logs an error and stands for what is not known. */
function unknown(what: string) {
  return (error: unknown) => {
    logError(what, error);
    return null;
  };
}
