import * as z from "zod";
import { RunId, TeamId } from "./ids.ts";

/** Where a run stands. */
export const RunStatus = z.enum(["queued", "running", "completed", "failed", "cancelled"]);
export type RunStatus = z.infer<typeof RunStatus>;

/** Whether a run has come to its end. */
export function isRunEnded(status: RunStatus): boolean {
  return status !== "queued" && status !== "running";
}

/** Where a step stands; see stepMachine.ts. */
export const StepStatus = z.enum([
  "pending",
  "running",
  "completed",
  "failed",
  "skipped",
  "cancelled",
  "timed_out",
]);
export type StepStatus = z.infer<typeof StepStatus>;

/** One run of a workflow, as lists show it. */
export const Run = z.object({
  id: RunId,
  team: TeamId,
  workflow: z.string(),
  title: z.string(),
  status: RunStatus,
  /** Steps by status; only those that there are. */
  steps: z.partialRecord(StepStatus, z.number().int()),
  /** Steps that a person is asked about. */
  asks: z.number().int(),
  /** Tokens that may be spent, and that have been, with those of runs within. */
  budget: z.number().int().nullable(),
  spent: z.number().int(),
  error: z.string().nullable(),
  /** The run and step that this one is a part of. */
  parent: z.object({ run: RunId, step: z.string() }).nullable(),
  by: z.string(),
  created_at: z.number(),
  started_at: z.number().nullable(),
  ended_at: z.number().nullable(),
  version: z.number().int(),
});
export type Run = z.infer<typeof Run>;
