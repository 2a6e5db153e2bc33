import { and, eq, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { runs } from "../../worker/db/schema.ts";
import { endRun } from "../../worker/workflows/endRun.ts";
import { carry } from "../../worker/workflows/startRun.ts";
import { tellRun } from "../../worker/workflows/tellRun.ts";
import { logError } from "../shared/logError.ts";
import type { Env } from "../shared/env.ts";

/** A run that has not begun after so long is begun once more. */
const BEGIN_MS = 10_000;
/** On one machine nothing but this wakes a run whose process was ended; at the edge the platform does it as well. */
const LOOK_MS = { local: 2_000, deployed: 60_000 };
/** The instances themselves are asked this often how they are. */
const ASK_MS = 60_000;

/** Teams whose runs this process has woken since it began. */
const woken = new Set<string>();

/**
 * Looks after runs that are under way: begins those that were never begun, wakes all of them once after this process
 * began (what carried them may have ended with the one before), and marks those whose instance has failed.
 */
export class RunWatch {
  readonly #env: Env;
  readonly #team: string;
  readonly #lookAt: (at: number) => void;
  #askedAt = 0;

  constructor(env: Env, team: string, lookAt: (at: number) => void) {
    this.#env = env;
    this.#team = team;
    this.#lookAt = lookAt;
  }

  /** There is a run to look after. */
  begin(): void {
    this.#lookAt(Date.now() + this.#every);
  }

  async look(): Promise<void> {
    const open = await drizzle(this.#env.DB)
      .select({ id: runs.id, status: runs.status, created_at: runs.created_at })
      .from(runs)
      .where(and(eq(runs.team, this.#team), inArray(runs.status, ["queued", "running"])));
    if (open.length === 0) return;
    this.#lookAt(Date.now() + this.#every);
    const isFirst = !woken.has(this.#team);
    woken.add(this.#team);
    const asks = Date.now() - this.#askedAt > ASK_MS;
    if (asks) this.#askedAt = Date.now();
    for (const { id, status, created_at } of open) {
      const isLate = status === "queued" && Date.now() - created_at > BEGIN_MS;
      try {
        if (isFirst || isLate) await carry(this.#env, this.#team, id);
        if (isFirst) await tellRun(this.#env, id, {});
        else if (asks && (status === "running" || isLate)) await this.#mark(id);
      } catch (error) {
        logError(`run ${id} was not looked after`, error);
      }
    }
  }

  async #mark(id: string): Promise<void> {
    const { status, error } = await (await this.#env.RUNS.get(id)).status();
    if (status !== "errored" && status !== "terminated") return;
    const message = `What carried it failed: ${error?.message ?? status}`;
    await endRun(this.#env, id, { status: "failed", error: message });
  }

  get #every(): number {
    return this.#env.SIGNALBOX_MODE === "local" ? LOOK_MS.local : LOOK_MS.deployed;
  }
}
