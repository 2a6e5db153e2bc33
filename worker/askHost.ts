import type { Context } from "hono";
import type { Answer, AnswerOf, Question } from "../protocol/questions.ts";
import { hostName } from "../durable-objects/shared/names.ts";
import type { App } from "./env.ts";
import { Problem } from "./problem.ts";

/** Asks a host something and waits for its answer, which is one of these; what the host refuses is a problem. */
export async function askHost<T extends Answer["status"]>(
  c: Context<App>,
  host: string,
  question: Question,
  ...expected: T[]
): Promise<AnswerOf<T>> {
  return expectAnswer(
    await c.env.HOST.getByName(hostName(c.get("actor").team, host)).ask(question),
    ...expected,
  );
}

/** An answer that is one of these; what the host refuses is a problem. */
export function expectAnswer<T extends Answer["status"]>(answer: Answer, ...expected: T[]): AnswerOf<T> {
  if (answer.status === "failed") throw new Problem(409, answer.code, answer.message, answer.details);
  if (!isOneOf(answer, expected))
    throw new Problem(409, "unreadable", "The host answered something else than it was asked.");
  return answer;
}

function isOneOf<T extends Answer["status"]>(answer: Answer, expected: T[]): answer is AnswerOf<T> {
  return expected.some((status) => status === answer.status);
}
