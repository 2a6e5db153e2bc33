import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { clockName } from "../../durable-objects/shared/names.ts";
import type { RunDefaults } from "../../protocol/runs.ts";
import { runs } from "../db/schema.ts";

/** What a run is made from; `id` is the caller's own new id. */
export type NewRun = {
  id: string;
  team: string;
  workflow: string;
  title: string;
  script: string;
  args: unknown;
  defaults: RunDefaults;
  fresh: boolean;
  /** Keys of steps whose known results do not count. */
  again: string[];
  budget: number | null;
  parent: { run: string; step: string; root: string } | null;
  by: string;
};

/** Begins a run: its row first, then what carries it. The same id again changes nothing. */
export async function startRun(env: Env, fresh: NewRun): Promise<void> {
  const { parent, args, defaults, again, ...rest } = fresh;
  await drizzle(env.DB)
    .insert(runs)
    .values({
      ...rest,
      fresh: fresh.fresh ? 1 : 0,
      args: JSON.stringify(args ?? null),
      defaults: JSON.stringify(defaults),
      again: JSON.stringify(again),
      parent: parent?.run ?? null,
      parent_step: parent?.step ?? null,
      root: parent?.root ?? fresh.id,
      status: "queued",
      created_at: Date.now(),
    })
    .onConflictDoNothing();
  await env.CLOCK.getByName(clockName(fresh.team)).watchRuns();
  await carry(env, fresh.team, fresh.id);
}

/** Makes the instance that carries a run, unless it is there. */
export async function carry(env: Env, team: string, run: string): Promise<void> {
  try {
    await env.RUNS.create({ id: run, params: { team, run } });
  } catch (error) {
    // It is there already; then its status can be asked for.
    await env.RUNS.get(run).then(
      (instance) => instance.status(),
      () => {
        throw error;
      },
    );
  }
}
