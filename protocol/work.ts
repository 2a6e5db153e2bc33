import * as z from "zod";
import { SessionId } from "./ids.ts";
import { JobSpec } from "./jobs.ts";
import { MAX_INPUT_BYTES } from "./limits.ts";
import { RunDefaults, WorkflowName } from "./runs.ts";

/** What a schedule or a webhook starts. */
export const Work = z.discriminatedUnion("kind", [
  /** A message to a session: it waits for a turn that runs, and for a host that sleeps. */
  z.object({
    kind: z.literal("message"),
    session: SessionId,
    text: z.string().min(1).max(MAX_INPUT_BYTES),
  }),
  /** A background task with an agent of its own. */
  z.object({
    kind: z.literal("task"),
    title: z.string().trim().min(1).max(200).optional(),
    spec: JobSpec,
  }),
  /** A run of a workflow, as it is when it begins. */
  z.object({
    kind: z.literal("workflow"),
    workflow: WorkflowName,
    args: z.unknown(),
    /** Where its agents work, unless its script says it. */
    defaults: RunDefaults.optional(),
    /** Tokens that it may spend at most. */
    budget: z.number().int().min(1).max(1_000_000_000).optional(),
  }),
]);
export type Work = z.infer<typeof Work>;

/** What was started. */
export const WorkRef = z.object({ kind: z.enum(["message", "task", "workflow"]), id: z.string() });
export type WorkRef = z.infer<typeof WorkRef>;
