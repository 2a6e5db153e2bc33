import type { Env } from "../../durable-objects/shared/env.ts";
import { logError } from "../../durable-objects/shared/logError.ts";

/** What a run is told: a step has been settled, or (without one) that it is to look around. What it says stands in D1. */
export type Change = { key?: string };

export const CHANGE = "change";

const OVER = new Set(["complete", "errored", "terminated"]);

/** Tells a run that something has changed. One that is over takes nothing any more, and one that has not begun reads it when it does. */
export async function tellRun(env: Env, run: string, change: Change): Promise<void> {
  const instance = await env.RUNS.get(run).catch((error: unknown) => {
    if (String(error).includes("not_found")) return null;
    throw error;
  });
  if (instance === null) return;
  try {
    await instance.sendEvent({ type: CHANGE, payload: change });
  } catch (error) {
    const { status } = await instance.status();
    if (!OVER.has(status)) throw error;
    logError("a run was told something after its end", error);
  }
}
