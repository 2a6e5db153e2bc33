import * as z from "zod";
import { AgentEffort, AgentMode } from "../../protocol/commands.ts";
import { JobAgent, MAX_JOB_PROMPT } from "../../protocol/jobs.ts";
import type { RunDefaults, StepKind, WorkflowMeta } from "../../protocol/runs.ts";
import { canonical, digest } from "./canonical.ts";
import { ARGS_TOO_LONG, isTooLong } from "./contract/problemOfInput.ts";
import { readSchema } from "./schema/readSchema.ts";

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_TIMEOUT_MS = 30 * 86_400_000;
export const DEFAULT_RETRIES = 2;

/** Milliseconds, or words such as `90s`, `10m`, `2h`. */
const Duration = z.union([z.number(), z.string()]).transform((value, context) => {
  const [, count, unit = "ms"] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(String(value).trim()) ?? [];
  const ms = typeof value === "number" ? value : Number(count) * (UNITS[unit] ?? 1);
  if (ms >= 1000 && ms <= MAX_TIMEOUT_MS) return ms;
  context.addIssue(
    "timeout is between one second and thirty days: milliseconds, or words such as 90s, 10m, 2h",
  );
  return z.NEVER;
});

const Short = z.string().max(200);
const Phase = Short.nullish();

const AgentCall = z.object({
  prompt: z
    .string()
    .min(1)
    .max(
      MAX_JOB_PROMPT,
      `the prompt has at most ${MAX_JOB_PROMPT} characters; put what is longer into a file`,
    ),
  label: z.coerce.string().max(500).optional(),
  phase: Phase,
  schema: z.unknown().optional(),
  model: Short.optional(),
  effort: AgentEffort.optional(),
  isolation: z.literal("worktree").optional(),
  agentType: Short.optional(),
  host: Short.optional(),
  cwd: z.string().max(4096).startsWith("/", "cwd is an absolute path").optional(),
  provider: JobAgent.optional(),
  mode: AgentMode.optional(),
  timeout: Duration.optional(),
  retries: z.number().int().min(0).max(10).optional(),
  unmet: z.string().optional(),
});
const WorkflowCall = z.object({
  name: Short,
  path: z.string().max(4096).optional(),
  args: z.unknown().refine((args) => !isTooLong(args), ARGS_TOO_LONG),
  phase: Phase,
});
const ApprovalCall = z.object({
  question: z.string().min(1).max(8000),
  label: z.coerce.string().max(500).optional(),
  phase: Phase,
});

/** What an agent is to do: everything that its result depends on. */
export type AgentSpec = {
  kind: "agent";
  prompt: string;
  schema?: object | undefined;
  model?: string | undefined;
  effort?: AgentEffort | undefined;
  mode?: string | undefined;
  isolation?: "worktree" | undefined;
  agentType?: string | undefined;
  host?: string | undefined;
  cwd?: string | undefined;
  provider: JobAgent;
};

/** What a step is to do. */
export type StepSpec =
  | AgentSpec
  | { kind: "workflow"; name: string; path?: string | undefined; args: unknown }
  | { kind: "approval"; question: string };

/** A call of the script, read: the specification, and what does not count for its key. */
export type StepCall = {
  spec: StepSpec;
  label: string | null;
  phase: string | null;
  timeoutMs: number | null;
  retries: number;
  /** The trigger rule that was not met; the step is skipped. */
  unmet: string | null;
};

/** How a run sees its script's words: what counts where the script says nothing. */
export type CallContext = { defaults: RunDefaults; meta: WorkflowMeta };

/** What an agent with a worktree of its own needs. */
export const WHAT_TO_GIVE =
  "give provider (claude, codex, opencode, or acp: and a name), host and cwd, there or for the whole run.";

/** Reads a call of the script. Throws a sentence for the script. */
export function readCall(kind: StepKind, given: unknown, context: CallContext): StepCall {
  switch (kind) {
    case "agent":
      return readAgent(given, context);
    case "workflow": {
      const { phase, ...rest } = parse(WorkflowCall, given, "workflow");
      return { ...PLAIN, spec: { kind, ...rest }, label: rest.name, phase: phase ?? null };
    }
    case "approval": {
      const { phase, label = null, question } = parse(ApprovalCall, given, "approve");
      return { ...PLAIN, spec: { kind, question }, label, phase: phase ?? null };
    }
  }
}

const PLAIN = { timeoutMs: null, retries: 0, unmet: null };

function readAgent(given: unknown, { defaults, meta }: CallContext): StepCall {
  const { label, phase, timeout, retries, unmet, schema, ...rest } = parse(AgentCall, given, "agent");
  // What is undefined is not said: it does not get into the key.
  const ofPhase = meta.phases?.find(({ title }) => title === phase)?.model;
  const spec: AgentSpec = {
    kind: "agent",
    ...defaults,
    ...(ofPhase === undefined ? {} : { model: ofPhase }),
    ...rest,
    provider: rest.provider ?? defaults.provider ?? "edge",
    ...(schema === undefined ? {} : { schema: readSchema(schema) }),
  };
  if (spec.provider !== "edge" && (spec.host === undefined || spec.cwd === undefined))
    throw new Error(
      `agent(): ${spec.provider} works on a host in a directory: give host and cwd, here or for the run.`,
    );
  if (spec.isolation !== undefined && spec.provider === "edge")
    throw new Error(`agent(): isolation: 'worktree' is for an agent that works on a host: ${WHAT_TO_GIVE}`);
  return {
    spec,
    label: label ?? null,
    phase: phase ?? null,
    timeoutMs: timeout ?? null,
    retries: retries ?? DEFAULT_RETRIES,
    unmet: unmet ?? null,
  };
}

function parse<T extends z.ZodType>(schema: T, given: unknown, name: string): z.infer<T> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new Error(`${name}(): ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}.`);
}

/** The key of a specification, without which of its kind it is. */
export function keyOf(spec: StepSpec): Promise<string> {
  return digest(canonical(spec));
}
