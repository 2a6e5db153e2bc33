import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { decide } from "./directives.ts";
import type { Reply } from "./directives.ts";
import type { Ask, ModelApi, StreamFrame } from "./modelApi.ts";
import { openaiResponses } from "./openaiResponses.ts";
import { createPromptCache, tokensOf } from "./promptCache.ts";

export type FakeModel = {
  /** For example `http://127.0.0.1:40123`. */
  url: string;
  /** What was asked so far, and what was answered. */
  asked: { ask: Ask; reply: Reply }[];
  stop(): Promise<void>;
};

const APIS: ModelApi[] = [openaiResponses];
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A model server on loopback that does what the last user message says (see {@link decide}). */
export async function startFakeModel(port = 0): Promise<FakeModel> {
  const cache = createPromptCache();
  const asked: FakeModel["asked"] = [];
  const failures = new Map<string, number>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const api = APIS.find((candidate) => candidate.path === path);
    if (api === undefined || request.method !== "POST")
      return sendJson(response, 404, { error: { message: "not here" } });
    const ask = api.read(await readJson(request));
    if (ask === null) return sendJson(response, 400, api.error(400, "this is no request of this API"));
    const reply = decide(ask.userText, ask.toolOutputs, (step, times) => {
      const key = JSON.stringify([ask.userText, ask.toolOutputs.length, step]);
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      return before < times;
    });
    asked.push({ ask, reply });
    if (reply.kind === "status") {
      return sendJson(response, reply.status, api.error(reply.status, `you asked for ${reply.status}`));
    }
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
    for (const { frame, pauseMs } of api.stream(reply, tokens)) {
      if (pauseMs > 0) await sleep(pauseMs);
      if (response.destroyed) return; // the client went away
      response.write(formatFrame(frame));
    }
    response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
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
