import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { decide } from "./directives.ts";
import type { Reply } from "./directives.ts";
import type { Ask, ModelApi, StreamFrame } from "./modelApi.ts";
import { anthropicMessages } from "./anthropicMessages.ts";
import { chatCompletions, deepseekChat } from "./chatCompletions.ts";
import { openaiResponses } from "./openaiResponses.ts";
import { createPromptCache, tokensOf } from "./promptCache.ts";

export type FakeModel = {
  /** For example `http://127.0.0.1:40123`. */
  url: string;
  /** What was asked so far, and what was answered. */
  asked: { ask: Ask; reply: Reply; body: unknown; headers: IncomingHttpHeaders }[];
  /** Requests that were refused, and why. */
  refused: string[];
  /** Streams that are still open. */
  open(): number;
  stop(): Promise<void>;
};

const APIS: ModelApi[] = [openaiResponses, chatCompletions, deepseekChat, anthropicMessages];
/** What is sent by half when an answer breaks off. */
const HALF_OF = {
  kind: "text",
  text: "half of what was to be said ".repeat(8),
  reasoning: null,
  pieces: 8,
  pauseMs: 0,
} as const;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * A model server on loopback that does what the last user message says (see {@link decide}), unless `answer` has another
 * reply to it.
 */
export async function startFakeModel(
  port = 0,
  answer: (ask: Ask, body: unknown) => Reply | null = () => null,
): Promise<FakeModel> {
  const cache = createPromptCache();
  const asked: FakeModel["asked"] = [];
  const refused: string[] = [];
  const failures = new Map<string, number>();
  let open = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const api = APIS.find((candidate) => candidate.path === path);
    if (api === undefined || request.method !== "POST")
      return sendJson(response, 404, { error: { message: "not here" } });
    const body = await readJson(request);
    const whole = api.whole?.(body) ?? null;
    if (whole !== null) return sendJson(response, 200, whole);
    const ask = api.read(body);
    if (ask === null || "refused" in ask) {
      refused.push(ask?.refused ?? "this is no request of this API");
      return sendJson(response, 400, api.error(400, refused.at(-1) ?? ""));
    }
    const reply =
      answer(ask, body) ??
      decide(ask.userText, ask.toolOutputs, (step, times) => {
        const key = JSON.stringify([ask.model, ask.userText, ask.toolOutputs.length, step]);
        const before = failures.get(key) ?? 0;
        failures.set(key, before + 1);
        return before < times;
      });
    asked.push({ ask, reply, body, headers: request.headers });
    if (reply.kind === "status") {
      const { authorization, "x-api-key": key } = request.headers;
      const message = `you asked for ${reply.status}${reply.leak ? ` with ${authorization ?? String(key)}` : ""}`;
      if (reply.retryAfter !== null) response.setHeader("retry-after", reply.retryAfter);
      return sendJson(response, reply.status, api.error(reply.status, message));
    }
    open++;
    response.once("close", () => open--);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    if (reply.kind === "drop") {
      response.write(": one moment\n\n");
      await sleep(20);
      response.destroy();
      return;
    }
    const reasoning = "reasoning" in reply && reply.reasoning !== null ? tokensOf(reply.reasoning) : 0;
    const tokens = {
      ...cache.count(ask.prompt),
      output: reasoning + tokensOf(JSON.stringify(reply)),
      reasoning,
    };
    const frames = api.stream(reply.kind === "half" ? HALF_OF : reply, tokens, ask);
    for (const { frame, pauseMs } of reply.kind === "half" ? frames.slice(0, frames.length / 2) : frames) {
      if (pauseMs > 0) await sleep(pauseMs);
      if (response.destroyed) return; // the client went away
      response.write(formatFrame(frame));
    }
    if (reply.kind !== "half" || reply.how === "end") response.end();
    else if (reply.how === "cut") {
      await sleep(20);
      response.destroy();
    }
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { message: String(error) } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the fake model has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    refused,
    open: () => open,
    async stop() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

function formatFrame({ event, data }: StreamFrame): string {
  return `${event === null ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined; // not JSON: no request of any API
  }
}
