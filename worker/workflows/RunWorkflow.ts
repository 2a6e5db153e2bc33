import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import type { Env } from "../../durable-objects/shared/env.ts";

/** What an instance is given; the run itself is a row in D1. */
export type RunParams = { team: string; run: string };

/** One run of a workflow script. */
export class RunWorkflow extends WorkflowEntrypoint<Env, RunParams> {
  override async run(event: Readonly<WorkflowEvent<RunParams>>, step: WorkflowStep): Promise<void> {
    await step.do("begin", async () => event.payload.run);
  }
}
