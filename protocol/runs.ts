import * as z from "zod";
import { AgentMode, Cwd } from "./commands.ts";
import { HostId, RunId } from "./ids.ts";
import { JobAgent } from "./jobs.ts";
import { Run, StepStatus } from "./run.ts";
import { Worktree } from "./session.ts";

/** Longest script. */
export const MAX_SCRIPT_CHARS = 256 * 1024;

/** As its author calls it, with spaces too; it stands in addresses and on one line. */
export const WorkflowName = z
  .string()
  .min(1)
  .max(100)
  .regex(
    /^[\p{L}\p{N}_][^\p{C}\p{Zl}\p{Zp}/\\]*$/u,
    "a name begins with a letter, a digit or an underscore, and holds no slash and no line break",
  );

/** What a workflow script says of itself; other fields are allowed and ignored. */
export const WorkflowMeta = z.object({
  name: WorkflowName,
  description: z.string().max(2000),
  whenToUse: z.string().max(4000).optional(),
  phases: z
    .array(
      z.object({
        title: z.string().min(1).max(200),
        detail: z.string().max(2000).optional(),
        model: z.string().max(200).optional(),
      }),
    )
    .max(100)
    .optional(),
  /** A JSON Schema of its arguments. */
  args: z.record(z.string(), z.unknown(), "it is a JSON Schema: an object").optional(),
});
export type WorkflowMeta = z.infer<typeof WorkflowMeta>;

/** What a step is: an agent, a workflow within the run, or a question to a person. */
export const StepKind = z.enum(["agent", "workflow", "approval"]);
export type StepKind = z.infer<typeof StepKind>;

/** Where agents of a run work and what they are, unless the script says it for one. */
export const RunDefaults = z.object({
  host: HostId.optional(),
  cwd: Cwd.optional(),
  provider: JobAgent.optional(),
  model: z.string().max(200).optional(),
  mode: AgentMode.optional(),
});
export type RunDefaults = z.infer<typeof RunDefaults>;

/** What of its script a step is a part of, outermost first: `group.index` of a parallel(), `group.item.stage` of a pipeline(), with `/` between. */
export const StepScope = z
  .string()
  .max(200)
  .regex(/^\d+(\.\d+){1,2}(\/\d+(\.\d+){1,2})*$/);

/** One step of a run. */
export const RunStep = z.object({
  /** SHA-256 of its specification, and which of those with the same one it is. */
  key: z.string(),
  /** Its place in the order of the script's calls. */
  n: z.number().int(),
  kind: StepKind,
  label: z.string().nullable(),
  phase: z.string().nullable(),
  status: StepStatus,
  /** The beginning of its prompt or question. */
  prompt: z.string(),
  /** Its session, while there is one; of a workflow, its run. */
  session: z.string().nullable(),
  /** Counts tries, from 1. */
  attempt: z.number().int(),
  /** Its result was known already. */
  cached: z.boolean(),
  error: z.string().nullable(),
  tokens: z.object({ input: z.number().int(), cached: z.number().int(), output: z.number().int() }),
  /** The beginning of its result, as text. */
  preview: z.string().nullable(),
  started_at: z.number().nullable(),
  ended_at: z.number().nullable(),
  /** What it waits for, in words, while it does: a person's decision, a host that is away. */
  waits: z.string().nullable().optional(),
  /** The worktree that its agent worked in, as long as there is one: without changes it is removed. */
  worktree: Worktree.pick({ path: true, branch: true }).nullable().optional(),
  scope: StepScope.nullable().optional(),
  /** Places (`n`) of the steps that the script learned the end of between its call before this one, and this one. */
  after: z.array(z.number().int()).optional(),
});
export type RunStep = z.infer<typeof RunStep>;

/** What a script said (`log`, `phase`), or what went wrong in it without ending it (`error`). */
export const RunNote = z.object({
  n: z.number().int(),
  at: z.number(),
  kind: z.enum(["log", "phase", "error"]),
  text: z.string(),
});
export type RunNote = z.infer<typeof RunNote>;

/** `GET /api/runs/:id`. */
export const RunDetail = z.object({
  run: Run,
  phases: z.array(z.object({ title: z.string(), detail: z.string().optional() })),
  args: z.unknown(),
  items: z.array(RunStep),
  notes: z.array(RunNote),
  /** The script as it ran. */
  source: z.string(),
  /** What it returned; null until it has, and when it is too large (then `GET …/result` has it). */
  result: z.unknown(),
});
export type RunDetail = z.infer<typeof RunDetail>;

/** `POST /api/workflows/:name/runs`. */
export const CreateRun = z.object({
  /** A caller's own new id makes a repeated request harmless. */
  id: RunId.optional(),
  args: z.unknown().optional(),
  title: z.string().min(1).max(200).optional(),
  /** Tokens that it may spend at most. */
  budget: z.number().int().min(1).max(1_000_000_000).optional(),
  /** Every agent works, also one whose result is known. */
  fresh: z.boolean().optional(),
  /** The workflow is this file on `host`, of `cwd` or of the home directory there. */
  file: z.boolean().optional(),
  ...RunDefaults.shape,
});
export type CreateRun = z.infer<typeof CreateRun>;

/** `POST /api/runs/:id/steps/:step`: what a person decides about one step. */
export const StepDecision = z.discriminatedUnion("type", [
  z.object({ type: z.literal("skip") }),
  z.object({ type: z.literal("answer"), approved: z.boolean() }),
]);
export type StepDecision = z.infer<typeof StepDecision>;

/** `POST /api/runs/:id/retry`: a new run of the same script and arguments; from a step on everything is done again. */
export const RetryRun = z.object({ id: RunId.optional(), from: z.string().max(100).optional() });
export type RetryRun = z.infer<typeof RetryRun>;

/** A workflow as lists show it. */
export const Workflow = z.object({
  name: z.string(),
  /** `project` and `home`: a file on the host that was asked. */
  source: z.enum(["catalogue", "team", "project", "home"]),
  meta: WorkflowMeta,
  /** Where its file lies: the host, its path there, and the directory that it belongs to. */
  host: HostId.optional(),
  path: z.string().optional(),
  root: z.string().optional(),
  /** The host is away: so it was when it left. */
  away: z.boolean().optional(),
  /** Why its file cannot run, with its line. */
  problem: z.string().optional(),
  version: z.number().int(),
  updated_at: z.number().nullable(),
  by: z.string().nullable(),
});
export type Workflow = z.infer<typeof Workflow>;

/** `PUT /api/workflows/:name`; with `version`, only if it is still that one. */
export const SaveWorkflow = z.object({
  script: z.string().min(1).max(MAX_SCRIPT_CHARS),
  version: z.number().int().optional(),
});
export type SaveWorkflow = z.infer<typeof SaveWorkflow>;
