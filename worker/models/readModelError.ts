import { APICallError } from "@ai-sdk/provider";
import * as z from "zod";
import { redact } from "../../protocol/redact.ts";
import { ModelError } from "./ModelError.ts";
import type { ModelErrorCode } from "./ModelError.ts";

export type ErrorContext = {
  /** Name of the model, for the sentence. */
  name: string;
  /** Takes secrets out of what a server said. */
  clean: (text: string) => string;
};

const SAID_CHARACTERS = 400;

/** What servers put into a stream, or into a body, when they fail. */
const Said = z.looseObject({
  message: z.string(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
  statusCode: z.number().nullish(),
});

const TOO_LONG =
  /context[ _](?:length|window)|maximum context|max_context|prompt is too long|input is too long|too many (?:input )?tokens|reduce the length/i;
const NO_CREDIT =
  /insufficient[ _](?:quota|balance|credits?)|exceeded your current quota|credit balance is too low/i;
const STATUS_OF_TYPE: Record<string, number> = {
  overloaded_error: 529,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  invalid_request_error: 400,
  request_too_large: 413,
  context_length_exceeded: 400,
  insufficient_quota: 429,
};

/** Makes one kind of error of whatever a provider throws or streams. */
export function readModelError(error: unknown, context: ErrorContext): ModelError {
  if (error instanceof ModelError) return error;
  if (APICallError.isInstance(error)) {
    const said = `${error.message} ${codeIn(error.data)}`.trim();
    if (error.statusCode === undefined) {
      return failure("network", `${context.name} cannot be reached`, said, context);
    }
    if (error.statusCode < 300) {
      return failure("broken", `The answer of ${context.name} broke off`, said, context);
    }
    return ofStatus(error.statusCode, said, context, retryAfter(error.responseHeaders));
  }
  const said = Said.safeParse(error);
  if (said.success && !(error instanceof Error)) {
    const { message, type, code, statusCode } = said.data;
    const status =
      statusCode ??
      (typeof code === "number" ? code : undefined) ??
      STATUS_OF_TYPE[type ?? ""] ??
      STATUS_OF_TYPE[String(code)];
    return ofStatus(status ?? 500, `${message} ${code ?? ""}`.trim(), context, null);
  }
  const name = error instanceof Error ? error.name : "";
  const message = error instanceof Error ? error.message : String(error);
  if (/^AI_(?:UnsupportedFunctionality|InvalidPrompt|InvalidArgument|LoadAPIKey|LoadSetting)/.test(name)) {
    return failure("refused", `${context.name} cannot be asked this`, message, context);
  }
  if (name.startsWith("AI_"))
    return failure("broken", `${context.name} sent an answer that cannot be read`, message, context);
  return failure("network", `The connection to ${context.name} failed`, message, context);
}

function ofStatus(
  status: number,
  said: string,
  context: ErrorContext,
  retryAfterMs: number | null,
): ModelError {
  const [code, sentence] = judge(status, said, context.name);
  return failure(code, sentence, said, context, { status, retryAfterMs });
}

function judge(status: number, said: string, name: string): [ModelErrorCode, string] {
  if (status === 402 || NO_CREDIT.test(said))
    return ["no_credit", `The account of ${name} has no credit left (${status})`];
  if (status === 413 || (status < 500 && status !== 429 && TOO_LONG.test(said))) {
    return ["context_too_long", `The conversation is too long for ${name} (${status})`];
  }
  if (status === 429) return ["rate_limited", `${name} has too many requests just now (429)`];
  if (status === 401 || status === 403) {
    return [
      "unauthorized",
      `${name} does not accept the API key (${status}); an administrator has to set another`,
    ];
  }
  if (status === 404) return ["unknown_model", `${name} is not known to its server (404)`];
  if (status >= 500) return ["unavailable", `${name} is not available just now (${status})`];
  if (status === 408 || status === 409 || status === 425)
    return ["unavailable", `${name} asks to try again (${status})`];
  return ["refused", `${name} refused the request (${status})`];
}

function failure(
  code: ModelErrorCode,
  sentence: string,
  said: string,
  context: ErrorContext,
  details: { status?: number; retryAfterMs?: number | null } = {},
): ModelError {
  const line = redact(context.clean(said)).replace(/\s+/g, " ").trim();
  const short = line.length > SAID_CHARACTERS ? `${line.slice(0, SAID_CHARACTERS)}…` : line;
  return new ModelError(code, short === "" ? `${sentence}.` : `${sentence}: ${short}`, details);
}

function codeIn(data: unknown): string {
  const body = z.looseObject({ error: Said }).safeParse(data);
  const code = body.success ? (body.data.error.code ?? body.data.error.type) : null;
  return typeof code === "string" ? `(${code})` : "";
}

/** How long a server asks to wait, from `retry-after-ms` or `retry-after` (seconds or a date). */
export function retryAfter(headers: Record<string, string> | undefined, now = Date.now()): number | null {
  const exact = Number(headers?.["retry-after-ms"] ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const text = headers?.["retry-after"];
  if (text === undefined || text.trim() === "") return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
