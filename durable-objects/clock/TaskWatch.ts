import { SWEEP_MS, sweepTasks } from "../../worker/tasks/sweepTasks.ts";
import type { Env } from "../shared/env.ts";

/** On one machine the queue is gone with its process, and nobody but this finds out; at the edge nobody does so earlier than a sweep. */
const LOOK_MS = { local: 2_000, deployed: SWEEP_MS };

/** Teams whose tasks this process has swept since it began. */
const swept = new Set<string>();

/** Looks after tasks that are not over; on one machine at once after this process began. */
export class TaskWatch {
  readonly #env: Env;
  readonly #team: string;
  readonly #lookAt: (at: number) => void;
  #sweptAt = 0;

  constructor(env: Env, team: string, lookAt: (at: number) => void) {
    this.#env = env;
    this.#team = team;
    this.#lookAt = lookAt;
  }

  /** There are tasks to look after. */
  begin(): void {
    this.#lookAt(Date.now() + (this.#isLocal ? LOOK_MS.local : LOOK_MS.deployed));
  }

  async look(): Promise<void> {
    // Whoever had claimed a task is gone with the process that all of them were in.
    const alone = this.#isLocal && !swept.has(this.#team);
    if (!alone && Date.now() - this.#sweptAt < SWEEP_MS && this.#isLocal) return this.begin();
    const more = await sweepTasks(this.#env, this.#team, { alone });
    swept.add(this.#team);
    this.#sweptAt = Date.now();
    if (more) this.begin();
  }

  get #isLocal(): boolean {
    return this.#env.SIGNALBOX_MODE === "local";
  }
}
