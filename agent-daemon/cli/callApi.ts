import type * as z from "zod";
import { ApiError } from "../../protocol/api.ts";
import { Sentence, say } from "../system/Sentence.ts";

export type ApiAccess = { url: string; token: string | null };
export type ApiRequest<T> = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  schema: z.ZodType<T>;
  timeoutMs?: number;
};

/** An answer of the API that was a refusal; `code` is the API's own. */
export class ApiRefusal extends Sentence {
  readonly status: number;
  readonly code: string;
  readonly details: readonly string[];

  constructor(status: number, code: string, message: string, details: readonly string[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** Asks the API. Throws a sentence when it cannot be reached, refuses, or answers something else. */
export async function callApi<T>({ url, token }: ApiAccess, request: ApiRequest<T>): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(request.path, url), {
      method: request.method ?? "GET",
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      redirect: "error",
      signal: AbortSignal.timeout(request.timeoutMs ?? 15_000),
    });
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : say(error);
    throw new Sentence(`Signalbox cannot be reached at ${url} (${cause}).`);
  }
  const value = parseJson(text);
  if (!response.ok) {
    const refusal = ApiError.safeParse(value);
    if (refusal.success) {
      const { code, message, details } = refusal.data.error;
      throw new ApiRefusal(response.status, code, message, details);
    }
    throw new ApiRefusal(
      response.status,
      "unknown",
      `${url} answered ${response.status}; is it a Signalbox?`,
    );
  }
  const parsed = request.schema.safeParse(value);
  if (!parsed.success)
    throw new Sentence(`${url} answered something unexpected; is it a Signalbox of this version?`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it
  }
}
