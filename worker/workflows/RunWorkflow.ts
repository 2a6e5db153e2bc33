import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { runs } from "../db/schema.ts";
import { Conductor, PERSISTENT } from "./Conductor.ts";
import { ScriptProblem } from "./contract/ScriptProblem.ts";
import { endRun, type RunEnd } from "./endRun.ts";
import { publishRun } from "./publishRun.ts";
import { readRun, type RunRow } from "./runStore.ts";

/** What an instance is given; the run itself is a row in D1. */
export type RunParams = { team: string; run: string };

/** One run of a workflow script. Wiring only: see {@link Conductor}. */
export class RunWorkflow extends WorkflowEntrypoint<Env, RunParams> {
  override async run({ payload }: Readonly<WorkflowEvent<RunParams>>, step: WorkflowStep): Promise<void> {
    const id = payload.run;
    await step.do("begin", PERSISTENT, () => this.#begin(id));
    const run = await readRun(this.env.DB, id);
    if (run === null || run.status !== "running") return;
    const end = await this.#conduct(step, run);
    await step.do("end", PERSISTENT, () => endRun(this.env, id, end));
  }

  async #begin(id: string): Promise<void> {
    await drizzle(this.env.DB)
      .update(runs)
      .set({ status: "running", started_at: Date.now() })
      .where(and(eq(runs.id, id), eq(runs.status, "queued")));
    await publishRun(this.env, id);
  }

  async #conduct(step: WorkflowStep, run: RunRow): Promise<RunEnd> {
    try {
      const end = await new Conductor(this.env, step, run).conduct();
      if (end === null) return { status: "cancelled", by: run.by };
      if (end.type === "done") return { status: "completed", result: end.result };
      return {
        status: "failed",
        error: end.line === null ? end.message : `Line ${end.line}: ${end.message}`,
      };
    } catch (error) {
      if (error instanceof ScriptProblem)
        return { status: "failed", error: `Line ${error.line}: ${error.message}` };
      throw error;
    }
  }
}
