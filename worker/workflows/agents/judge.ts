import type { JobEnd } from "../../../protocol/jobs.ts";
import { readAnswer } from "../schema/readAnswer.ts";
import type { AgentSpec } from "../StepSpec.ts";

/** Times that an agent is told that its answer does not fit. */
export const MOST_ROUNDS = 3;

/** What follows from how an agent's session ended. `result` is JSON. */
export type Verdict =
  | { kind: "completed"; result: string }
  | { kind: "ask_again"; why: string }
  | { kind: "try_again"; why: string }
  | { kind: "failed"; why: string };

/** Decides what follows from how an agent's session ended. */
export function judge(
  { schema, provider }: AgentSpec,
  end: Pick<JobEnd, "outcome" | "text" | "error">,
  { attempt, round, retries }: { attempt: number; round: number; retries: number },
): Verdict {
  const orAgain = (why: string): Verdict =>
    attempt > retries ? { kind: "failed", why } : { kind: "try_again", why };
  if (end.outcome === "cancelled") return { kind: "failed", why: end.error ?? "It was stopped." };
  if (end.outcome === "failed") return orAgain(end.error ?? "It failed.");
  if (schema === undefined) return { kind: "completed", result: JSON.stringify(end.text) };
  const answer = readAnswer(end.text, schema);
  if (answer.ok) return { kind: "completed", result: JSON.stringify(answer.value) };
  if (provider === "edge" && round <= MOST_ROUNDS) return { kind: "ask_again", why: answer.why };
  return orAgain(`Its answer does not fit the schema: ${answer.why}`);
}
