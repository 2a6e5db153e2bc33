import type { Env } from "../../durable-objects/shared/env.ts";
import { sessionName } from "../../durable-objects/shared/names.ts";
import { idAs, MessageId } from "../../protocol/ids.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { begin } from "./agents/startStep.ts";
import { idOfStep } from "./agents/idOfStep.ts";
import { askAgain } from "./agents/promptOf.ts";
import { judge } from "./agents/judge.ts";
import { keepResult } from "./keepResult.ts";
import { countLate, moveStep, readRun, readStep, type RunRow, type StepRow } from "./runStore.ts";
import { isSettled } from "./stepMachine.ts";
import type { AgentSpec } from "./StepSpec.ts";
import { tellRun } from "./tellRun.ts";

/**
 * A step's session has told how it ended. What follows is written first and done after: the same notice again does what
 * is not done yet, and nothing twice.
 */
export async function endStep(env: Env, notice: JobNotice): Promise<void> {
  const { id, step: key } = notice.owner;
  if (key === undefined) return;
  const [run, step] = await Promise.all([readRun(env.DB, id), readStep(env.DB, id, key)]);
  if (run === null || step === null) return;
  if (isSettled(step.status)) {
    await countLate(env.DB, run, step, notice);
    return tellRun(env, id, { key });
  }
  const spec: AgentSpec = JSON.parse(step.spec);
  if (step.session !== notice.session) return startAgain(env, run, step, spec);
  if (step.round > notice.round) return askOnce(env, run, step, spec, notice);
  const text = await wholeText(env, notice);
  const verdict = judge(spec, { ...notice.end, text }, step);
  const of = { attempt: step.attempt, round: step.round };
  const spent = { of: run, tokens: notice.end.tokens };
  const base = { run: id, key, of, spent };
  switch (verdict.kind) {
    case "ask_again":
      if (
        await moveStep(env.DB, {
          ...base,
          event: "go_on",
          set: { round: step.round + 1, error: verdict.why },
        })
      )
        await askOnce(env, run, { ...step, round: step.round + 1, error: verdict.why }, spec, notice);
      return;
    case "try_again": {
      const attempt = step.attempt + 1;
      const session = await idOfStep("ses", { run: id, key, attempt });
      const set = { attempt, round: 1, session, error: verdict.why };
      if (await moveStep(env.DB, { ...base, event: "go_on", set }))
        await startAgain(env, run, { ...step, ...set }, spec);
      return;
    }
    case "completed": {
      const { result } = verdict;
      const kept = await keepResult(env, run, key, result);
      const set = { ...kept, error: null, ended_at: Date.now() } as const;
      await moveStep(env.DB, { ...base, event: "complete", set, known: { of: run, key, result } });
      return tellRun(env, id, { key });
    }
    case "failed": {
      const set = { error: verdict.why, ended_at: Date.now() } as const;
      await moveStep(env.DB, { ...base, event: "fail", set });
      return tellRun(env, id, { key });
    }
  }
}

/** Asks the session of a step once more, for the round that its row names. */
async function askOnce(
  env: Env,
  run: RunRow,
  step: StepRow,
  spec: AgentSpec,
  notice: JobNotice,
): Promise<void> {
  const id = MessageId.parse(
    idAs(
      "msg",
      await idOfStep("ses", { run: run.id, key: step.key, attempt: step.attempt * 100 + step.round }),
    ),
  );
  const text = askAgain(spec.schema ?? {}, step.error ?? "");
  const refused = await env.SESSION.getByName(sessionName(run.team, notice.session)).askJobAgain(
    step.round,
    { id, text },
    run.by,
  );
  if (refused === null) return;
  const set = { error: refused.message, ended_at: Date.now() } as const;
  await moveStep(env.DB, { run: run.id, key: step.key, event: "fail", set });
  await tellRun(env, run.id, { key: step.key });
}

/** Starts the try that the step's row names. */
async function startAgain(env: Env, run: RunRow, step: StepRow, spec: AgentSpec): Promise<void> {
  const problem = await begin(env, run, step, spec);
  if (problem === null) return;
  const set = { error: problem, ended_at: Date.now() } as const;
  await moveStep(env.DB, { run: run.id, key: step.key, event: "fail", set });
  await tellRun(env, run.id, { key: step.key });
}

async function wholeText(env: Env, { end }: JobNotice): Promise<string> {
  if (end.blob === null) return end.text;
  return (await (await env.BLOBS.get(end.blob))?.text()) ?? end.text;
}
