import { Answer, ANSWER_LIMIT_MS, type Question } from "../../protocol/questions.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";

/** Questions that may wait for one host's answer. */
export const MOST_QUESTIONS = 20;

type Ask = Extract<LinkServerFrame, { type: "ask" }>;
type Waiting = { key: string; answer: Promise<Answer>; resolve: (answer: Answer) => void };

/**
 * What a host is asked and has not answered. Kept in memory alone: whoever asked waits here, and asks again when this
 * goes away. Two who ask the same share an answer.
 */
export class Questions {
  readonly #waiting = new Map<string, Waiting>();

  ask(question: Question, send: (frame: Ask) => void): Promise<Answer> {
    const key = JSON.stringify(question);
    for (const each of this.#waiting.values()) if (each.key === key) return each.answer;
    if (this.#waiting.size >= MOST_QUESTIONS) return Promise.resolve(BUSY);
    const id = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => this.#end(id, NO_ANSWER), ANSWER_LIMIT_MS);
    const answer = promise.finally(() => clearTimeout(timer));
    this.#waiting.set(id, { key, answer, resolve });
    send({ type: "ask", id, question });
    return answer;
  }

  /** The host answered; an answer that nobody waits for is dropped. */
  answered(id: string, answer: unknown): void {
    if (!this.#waiting.has(id)) return;
    const parsed = Answer.safeParse(answer);
    this.#end(id, parsed.success ? parsed.data : UNREADABLE);
  }

  #end(id: string, answer: Answer): void {
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }

  /** The host is gone: everybody who waits gets this. */
  endAll(answer: Answer): void {
    for (const id of this.#waiting.keys()) this.#end(id, answer);
  }
}

const BUSY: Answer = {
  status: "failed",
  code: "busy",
  message: "This host is asked for much at once. Ask again in a moment.",
};
const NO_ANSWER: Answer = {
  status: "failed",
  code: "no_answer",
  message: "The host did not answer in time. It is busy, or its daemon is older than this and cannot say.",
};
const UNREADABLE: Answer = {
  status: "failed",
  code: "unreadable",
  message: "The host answered in a way that cannot be read here. Its daemon may be newer than the edge.",
};
