import type * as z from "zod";
import { ApiError } from "../../../protocol/api.ts";
import { ApiFailure } from "./ApiFailure.ts";

/** A request without an answer is given up after this; commands that wait for a host take up to a minute. */
const TIMEOUT_MS = 75_000;

export type RequestOptions = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
};

/** Asks the API and reads the answer with a schema; everything that goes wrong is an {@link ApiFailure}. */
export async function request<T extends z.ZodType>(
  path: string,
  schema: T,
  options: RequestOptions = {},
): Promise<z.infer<T>> {
  return readAnswer(await send(path, options), schema);
}

/** Reads an answer with a schema; one that says no, or that cannot be read, is an {@link ApiFailure}. */
export function readAnswer<T extends z.ZodType>({ status, text }: Answer, schema: T): z.infer<T> {
  const parsed = schema.safeParse(accepted(status, text));
  if (parsed.success) return parsed.data;
  throw new ApiFailure(
    "unreadable",
    "The server answered in a way this page cannot read. Reload the page.",
    status,
  );
}

/** Why there was no answer. The request may have arrived all the same: it says only what is known. */
export function noAnswer(): ApiFailure {
  return new ApiFailure(
    "offline",
    "Signalbox does not answer. It may not be running, or this device is offline.",
    0,
  );
}

/** As {@link request}, for an answer that nobody reads. */
export async function requestNothing(path: string, options: RequestOptions = {}): Promise<void> {
  const { status, text } = await send(path, options);
  accepted(status, text);
}

type Answer = { status: number; text: string };

async function send(path: string, options: RequestOptions): Promise<Answer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(`/api${path}`, {
      method: options.method ?? "GET",
      headers: options.body === undefined ? {} : { "content-type": "application/json" },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw noAnswer();
  }
}

/** The JSON of an answer that says yes. */
function accepted(status: number, text: string): unknown {
  const json = parseJson(text);
  if (status >= 200 && status < 300) return json;
  const error = ApiError.safeParse(json);
  if (!error.success) throw new ApiFailure("http", `The server answered with status ${status}.`, status);
  const { code, message, details } = error.data.error;
  throw new ApiFailure(code, message, status, details);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an empty body, or not JSON: the schema then refuses it
  }
}
