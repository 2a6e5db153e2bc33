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
  const { status, json } = await send(path, options);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ApiFailure(
    "unreadable",
    "The server answered in a way this page cannot read. Reload the page.",
    status,
  );
}

/** As {@link request}, for an answer that nobody reads. */
export async function requestNothing(path: string, options: RequestOptions = {}): Promise<void> {
  await send(path, options);
}

async function send(path: string, options: RequestOptions): Promise<{ status: number; json: unknown }> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api${path}`, {
      method: options.method ?? "GET",
      headers: options.body === undefined ? {} : { "content-type": "application/json" },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
    });
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    // The request may have arrived all the same: say only what is known.
    throw new ApiFailure(
      "offline",
      "Signalbox does not answer. It may not be running, or this device is offline.",
      0,
    );
  }
  const json = parseJson(text);
  if (response.ok) return { status: response.status, json };
  const error = ApiError.safeParse(json);
  if (!error.success)
    throw new ApiFailure("http", `The server answered with status ${response.status}.`, response.status);
  const { code, message, details } = error.data.error;
  throw new ApiFailure(code, message, response.status, details);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an empty body, or not JSON: the schema then refuses it
  }
}
