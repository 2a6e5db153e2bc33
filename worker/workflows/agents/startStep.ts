import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../../durable-objects/shared/env.ts";
import { MAX_COMMAND_TTL_MS } from "../../../protocol/limits.ts";
import { JobSpec, readJobAgent } from "../../../protocol/jobs.ts";
import { RunDefaults } from "../../../protocol/runs.ts";
import { hosts } from "../../db/schema.ts";
import { defaultModel } from "../../models/defaultModel.ts";
import { listModels } from "../../models/listModels.ts";
import { readModelConfig } from "../../models/readModelConfig.ts";
import { startJob } from "../../jobs/startJob.ts";
import { metaOf } from "../contract/metaOf.ts";
import { problemOfInput } from "../contract/problemOfInput.ts";
import { startRun } from "../startRun.ts";
import { findHostWorkflow } from "../findHostWorkflow.ts";
import { findWorkflow } from "../findWorkflow.ts";
import { beginStep, moveStep, readRun, readStep, type RunRow, type StepRow } from "../runStore.ts";
import { tellRun } from "../tellRun.ts";
import type { AgentSpec, StepCall, StepSpec } from "../StepSpec.ts";
import { idOfStep } from "./idOfStep.ts";
import { modelFor } from "./modelFor.ts";
import { promptOf } from "./promptOf.ts";

/** What a chat's models take. */
const EDGE_EFFORT = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
  max: "high",
} as const;

/** A step that was begun: until when it may take. */
export type Started = { deadline: number | null };

/** Begins a step, once: its session, its run or its question. The same again changes nothing. When it is over already, the run is told so. */
export async function startStep(
  env: Env,
  run: RunRow,
  key: string,
  { spec, timeoutMs }: Pick<StepCall, "spec" | "timeoutMs">,
): Promise<Started> {
  const isSpent = (await leftOf(env, run)) === 0;
  if (isSpent && (await readStep(env.DB, run.id, key))?.status === "pending")
    return fail(env, { run: run.id, key }, "The budget of this run is spent.", true);
  const id = await idOfStep(spec.kind === "workflow" ? "run" : "ses", { run: run.id, key, attempt: 1 });
  const now = Date.now();
  const step = await beginStep(env.DB, run.id, key, {
    started_at: now,
    deadline: timeoutMs === null ? null : now + timeoutMs,
    session: spec.kind === "approval" ? null : id,
  });
  if (step === null) throw new Error("a step that was never written is to begin");
  if (step.status !== "running") {
    await tellRun(env, run.id, { key });
    return { deadline: null };
  }
  const problem = await begin(env, run, step, spec);
  if (problem !== null) return fail(env, step, problem, spec.kind === "workflow");
  return { deadline: step.deadline };
}

/** Starts what a step is made of; a sentence when it can never be started. */
export async function begin(env: Env, run: RunRow, step: StepRow, spec: StepSpec): Promise<string | null> {
  if (step.session === null) return null;
  if (spec.kind === "approval") return null;
  if (spec.kind === "workflow") return beginRun(env, run, step, spec);
  const job = await jobOf(env, run, step, spec);
  if ("problem" in job) return job.problem;
  const started = await startJob(env, {
    team: run.team,
    session: step.session,
    owner: { kind: "run", id: run.id, step: step.key, title: run.title },
    title: (step.label ?? spec.prompt.split("\n")[0] ?? run.title).slice(0, 200),
    spec: job,
    by: run.by,
    // Until its own timeout, if it has one.
    waitMs: MAX_COMMAND_TTL_MS,
  });
  return "refused" in started ? started.message : null;
}

async function beginRun(
  env: Env,
  run: RunRow,
  step: StepRow,
  { name, path, args }: Extract<StepSpec, { kind: "workflow" }>,
): Promise<string | null> {
  if (step.session === null) return null;
  if (run.parent !== null) return "workflow(): a workflow within a workflow starts no third one.";
  const found = await findWithin(env, run, path === undefined ? name : { path });
  if ("problem" in found) return `workflow(): ${found.problem}`;
  const misfit = problemOfInput(found.script, args);
  if (misfit !== null) return `workflow(): ${misfit}`;
  const again: string[] = JSON.parse(run.again);
  await startRun(env, {
    id: step.session,
    team: run.team,
    workflow: metaOf(found.script, name).meta.name,
    title: step.label ?? name,
    script: found.script,
    args,
    defaults: JSON.parse(run.defaults),
    fresh: run.fresh === 1 || again.includes(step.key),
    again: [],
    budget: await leftOf(env, run),
    parent: { run: run.id, step: step.key, root: run.root },
    by: run.by,
  });
  return null;
}

/** A workflow's script for a run: the files where the run works first, then the team's own and the catalogue. */
async function findWithin(
  env: Env,
  run: RunRow,
  wanted: string | { path: string },
): Promise<{ script: string } | { problem: string }> {
  const { host, cwd } = RunDefaults.parse(JSON.parse(run.defaults));
  if (host !== undefined) {
    const file = await findHostWorkflow(env, run.team, { host, cwd }, wanted);
    if (file.kind === "found") return file;
    if (file.kind === "failed") return { problem: file.message };
  }
  if (typeof wanted !== "string")
    return { problem: `there is no workflow file ${wanted.path} where this run works.` };
  return (await findWorkflow(env, run.team, wanted)) ?? { problem: `there is no workflow ${wanted}.` };
}

/** What is left of the budget that a run shares with those it is within; null: there is none. */
async function leftOf(env: Env, run: RunRow): Promise<number | null> {
  if (run.budget === null) return null;
  const root = (await readRun(env.DB, run.root)) ?? run;
  return Math.max(0, (root.budget ?? 0) - root.spent);
}

async function fail(
  env: Env,
  { run, key }: Pick<StepRow, "run" | "key">,
  error: string,
  throws: boolean,
): Promise<Started> {
  await moveStep(env.DB, {
    run,
    key,
    event: "fail",
    set: { error, throws: throws ? 1 : 0, ended_at: Date.now() },
  });
  await tellRun(env, run, { key });
  return { deadline: null };
}

async function jobOf(
  env: Env,
  run: RunRow,
  step: StepRow,
  spec: AgentSpec,
): Promise<JobSpec | { problem: string }> {
  const host = spec.host === undefined ? undefined : await findHost(env, run.team, spec.host);
  if (host === null) return { problem: `There is no host ${spec.host}.` };
  const prompt = promptOf(spec);
  const place = {
    ...(host === undefined ? {} : { host }),
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  };
  if (spec.provider === "edge") {
    const model = await findModel(env, run.team, spec.model);
    const effort = spec.effort === undefined ? {} : { effort: EDGE_EFFORT[spec.effort] };
    return { provider: "edge", prompt, model, ...place, ...effort };
  }
  if (host === undefined || spec.cwd === undefined)
    return { problem: "It has no host and directory to work in." };
  const model = modelFor(spec.provider, spec.model);
  const read = JobSpec.safeParse({
    ...readJobAgent(spec.provider),
    prompt,
    host,
    cwd: spec.cwd,
    mode: spec.mode,
    effort: spec.effort,
    ...(spec.provider === "claude" ? { agent_type: spec.agentType } : {}),
    ...(model === null ? {} : { model }),
    ...(spec.isolation === undefined ? {} : { worktree: { branch: branchOf(run, step) } }),
  });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return { problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}.` };
}

/** A branch that no other try has: the run, the number of the call in it, and the try. */
function branchOf({ id, workflow }: RunRow, { n, attempt }: StepRow): string {
  const name = workflow.replaceAll(/[^\w-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return `signalbox/${name || "run"}-${id.slice(-8)}-${n}${attempt === 1 ? "" : `-${attempt}`}`;
}

/** A host by its id or its name; null when there is none. */
async function findHost(env: Env, team: string, wanted: string): Promise<string | null> {
  const rows = await drizzle(env.DB)
    .select({ id: hosts.id, name: hosts.name })
    .from(hosts)
    .where(and(eq(hosts.team, team), isNull(hosts.removed_at)));
  return rows.find(({ id }) => id === wanted)?.id ?? rows.find(({ name }) => name === wanted)?.id ?? null;
}

/** The model that a script names, as far as there is one here: scripts also name models by short names of other places. */
async function findModel(env: Env, team: string, wanted: string | undefined): Promise<string> {
  if (wanted === undefined) return defaultModel(env, team);
  const models = listModels(await readModelConfig(env, team, null));
  const word = wanted.toLowerCase();
  const found =
    models.find(({ id }) => id === wanted) ?? models.find(({ id }) => id.toLowerCase().includes(word));
  return found?.id ?? defaultModel(env, team);
}
