import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";

const Request = z.looseObject({ model: z.string() });
const MODEL = /^wait-(\d+)$/;

export type WaitingModel = {
  /** Where its API begins. */
  url: string;
  stop(): Promise<void>;
};

/** A model server of OpenAI's kind on loopback: `wait-50` answers `done` after 50 ms. */
export async function startWaitingModel(): Promise<WaitingModel> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { model } = Request.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      void sleep(Number(MODEL.exec(model)?.[1] ?? 0)).then(() => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end([...FRAMES, "[DONE]"].map((frame) => `data: ${frame}\n\n`).join(""));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the model has no port");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const CHUNK = { id: "answer", object: "chat.completion.chunk", created: 0, model: "wait" };
const FRAMES = [
  { ...CHUNK, choices: [{ index: 0, delta: { role: "assistant", content: "done" }, finish_reason: null }] },
  { ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  { ...CHUNK, choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
].map((frame) => JSON.stringify(frame));
