import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
/** An error of the API: status, code for programs, a sentence for people. Thrown anywhere, answered in one place. */
export class Problem extends HTTPException {
  readonly code: string;
  readonly details: string[] | undefined;

  constructor(status: ContentfulStatusCode, code: string, message: string, details?: string[]) {
    super(status, { message });
    this.code = code;
    this.details = details;
  }
}

const STATUS = {
  not_found: 404,
  ended: 409,
  not_ended: 409,
  busy: 409,
  forbidden: 403,
  already_decided: 409,
  not_supported: 409,
  invalid_input: 400,
  invalid: 400,
  changed: 409,
  too_many: 409,
} as const;

/** What an object would not do, and why. */
type Refused = { refused: keyof typeof STATUS; message: string };

/** What an object refused, as a problem; anything else is passed on. */
export function orProblem<T>(answer: T | Refused): T {
  if (isRefused(answer)) throw new Problem(STATUS[answer.refused], answer.refused, answer.message);
  return answer;
}

function isRefused(answer: unknown): answer is Refused {
  return typeof answer === "object" && answer !== null && "refused" in answer;
}
