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
  { schema, isolation }: AgentSpec,
  end: Pick<JobEnd, "outcome" | "text" | "error" | "refused" | "worktree">,
  { attempt, round, retries }: { attempt: number; round: number; retries: number },
): Verdict {
  const orAgain = (why: string): Verdict =>
    attempt > retries ? { kind: "failed", why } : { kind: "try_again", why };
  if (end.outcome === "cancelled") return { kind: "failed", why: end.error ?? "It was stopped." };
  if (end.refused === true) return { kind: "failed", why: end.error ?? "It was refused." };
  if (end.outcome === "failed") return orAgain(end.error ?? "It failed.");
  if (schema === undefined) {
    const place = isolation === undefined || end.worktree === undefined ? "" : placeOf(end.worktree);
    return { kind: "completed", result: JSON.stringify(end.text + place) };
  }
  const answer = readAnswer(end.text, schema);
  if (answer.ok) return { kind: "completed", result: JSON.stringify(answer.value) };
  if (round <= MOST_ROUNDS) return { kind: "ask_again", why: answer.why };
  return orAgain(`Its answer does not fit the schema: ${answer.why}`);
}

/** So that a script, or another agent, finds its work. A worktree without changes is removed, and its branch with it. */
function placeOf({ path, branch }: NonNullable<JobEnd["worktree"]>): string {
  return `\n\nAnything that it changed is on the branch ${branch}, in ${path}.`;
}
