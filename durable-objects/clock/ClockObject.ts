import { DurableObject } from "cloudflare:workers";
import { isWorkOver, startWork } from "../../worker/work/startWork.ts";
import type { Execution, NewSchedule, Schedule, ScheduleChange } from "../../protocol/schedules.ts";
import { Alarms } from "../shared/alarms.ts";
import { openDatabase } from "../shared/database.ts";
import type { Env } from "../shared/env.ts";
import { tellNews } from "../shared/tellNews.ts";
import { forgetWork } from "../../worker/work/forgetWork.ts";
import { DeliveryWatch } from "./DeliveryWatch.ts";
import { RunWatch } from "./RunWatch.ts";
import migrations from "./migrations/migrations.js";
import { type ScheduleRefused, Schedules } from "./Schedules.ts";
import { TaskWatch } from "./TaskWatch.ts";

/** What is long over is looked for so often, and again so soon while there is more of it. */
const FORGET_MS = 24 * 60 * 60 * 1000;
const FORGET_MORE_MS = 10_000;

/** A team's clock: what must happen later and belongs to no session and no host. */
export class ClockObject extends DurableObject<Env> {
  readonly #alarms: Alarms<"deliveries" | "forget" | "runs" | "schedules" | "tasks">;
  readonly #schedules: Schedules;
  readonly #runs: RunWatch;
  readonly #tasks: TaskWatch;
  readonly #deliveries: DeliveryWatch;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const db = openDatabase(ctx, migrations);
    const team = ctx.id.name ?? "";
    this.#alarms = new Alarms(db, ctx.storage, {
      deliveries: (due) => this.#deliveries.look(due),
      forget: () => this.#forget(),
      runs: () => this.#runs.look(),
      schedules: () => this.#schedules.tick(),
      tasks: () => this.#tasks.look(),
    });
    this.#runs = new RunWatch(env, team, (at) => this.#alarms.atLatest("runs", at));
    this.#tasks = new TaskWatch(env, team, (at) => this.#alarms.atLatest("tasks", at));
    this.#deliveries = new DeliveryWatch(env, team, (at) => this.#alarms.atLatest("deliveries", at));
    this.#schedules = new Schedules({
      db,
      storage: ctx.storage,
      team,
      start: ({ id }, { work, name, by }) => startWork(env, { team, id, work, by, title: name }),
      isOver: (work) => isWorkOver(env, team, work),
      wakeAt: (at) => this.#alarms.atLatest("schedules", at),
      now: Date.now,
      changed: () => ctx.waitUntil(tellNews(env, team, "schedules")),
    });
  }

  /** From the Worker: there is a run to look after. */
  watchRuns(): void {
    this.#runs.begin();
    this.#alarms.atLatest("forget", Date.now() + FORGET_MS);
  }

  /** From the Worker: there are tasks that are not over; they are looked after until they are. */
  watchTasks(): void {
    this.#tasks.begin();
    this.#alarms.atLatest("forget", Date.now() + FORGET_MS);
  }

  /** From the Worker: a delivery is about to be stored, and must begin whatever dies then. */
  watchDeliveries(): void {
    this.#deliveries.begin();
  }

  /** Forgets what is long over, some at a time, as long as there is anything that will be. */
  async #forget(): Promise<void> {
    const { more, left } = await forgetWork(this.env, this.ctx.id.name ?? "");
    if (more || left) this.#alarms.atLatest("forget", Date.now() + (more ? FORGET_MORE_MS : FORGET_MS));
  }

  listSchedules(): Schedule[] {
    return this.#schedules.list();
  }

  schedule(id: string): Schedule | null {
    return this.#schedules.get(id);
  }

  createSchedule(id: string, fresh: NewSchedule, by: string): Schedule | ScheduleRefused {
    return this.#schedules.create(id, fresh, by);
  }

  changeSchedule(id: string, change: ScheduleChange): Schedule | ScheduleRefused {
    return this.#schedules.change(id, change);
  }

  removeSchedule(id: string): boolean {
    return this.#schedules.remove(id);
  }

  runSchedule(id: string, execution: string, by: string): Execution | ScheduleRefused {
    return this.#schedules.runNow(id, execution, by);
  }

  executions(schedule: string, before: string | null, limit: number): Execution[] {
    return this.#schedules.executions(schedule, before, limit);
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run();
  }
}
