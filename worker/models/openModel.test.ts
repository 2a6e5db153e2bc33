import { afterEach, expect, it, vi } from "vitest";
import type { ModelMessage } from "ai";
import { TOOLS } from "../../protocol/tools.ts";
import { ModelError } from "./ModelError.ts";
import { callModel } from "./callModel.ts";
import type { ModelPart } from "./callModel.ts";
import type { ModelEnv } from "./modelEnv.ts";
import { openModel } from "./openModel.ts";

// The providers' own streams in workerd, which has streams of its own; tests/models has the wire formats at length.

const env: ModelEnv = {
  OPENAI_COMPATIBLE_BASE_URL: "http://models.invalid/v1",
  OPENAI_COMPATIBLE_MODELS: "local",
  ANTHROPIC_API_KEY: "key",
  OPENAI_API_KEY: "key",
};
const MESSAGES: ModelMessage[] = [{ role: "user", content: "hi" }];

const chat = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "1", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const event = (data: { type: string; [key: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

const WIRES: Record<string, { id: string; half: string[]; rest: string[] }> = {
  "chat completions": {
    id: "compatible/local",
    half: [chat({ role: "assistant", content: "" }), chat({ content: "hel" })],
    rest: [chat({ content: "lo" }), chat({}, "stop"), "data: [DONE]\n\n"],
  },
  responses: {
    id: "openai/gpt-5.5",
    half: [
      event({ type: "response.created", response: { id: "1", created_at: 1, model: "m" } }),
      event({ type: "response.output_item.added", output_index: 0, item: { type: "message", id: "m1" } }),
      event({ type: "response.output_text.delta", item_id: "m1", output_index: 0, delta: "hel" }),
    ],
    rest: [
      event({ type: "response.output_text.delta", item_id: "m1", output_index: 0, delta: "lo" }),
      event({
        type: "response.output_item.done",
        output_index: 0,
        item: { type: "message", id: "m1", content: [] },
      }),
      event({ type: "response.completed", response: { usage: { input_tokens: 3, output_tokens: 2 } } }),
    ],
  },
  messages: {
    id: "anthropic/claude-sonnet-5-5",
    half: [
      event({
        type: "message_start",
        message: {
          id: "1",
          model: "m",
          role: "assistant",
          content: [],
          usage: { input_tokens: 3, output_tokens: 1 },
        },
      }),
      event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
      event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hel" } }),
    ],
    rest: [
      event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "lo" } }),
      event({ type: "content_block_stop", index: 0 }),
      event({
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: 2 },
      }),
      event({ type: "message_stop" }),
    ],
  },
};

afterEach(() => void vi.unstubAllGlobals());

/** A server that sends these frames and then ends, breaks or hangs. */
function serve(frames: string[], then: "end" | "break" | "hang") {
  const seen = { cancelled: 0, aborted: 0 };
  vi.stubGlobal("fetch", async (_: unknown, init?: RequestInit) => {
    init?.signal?.addEventListener("abort", () => void seen.aborted++);
    const rest = frames.map((frame) => new TextEncoder().encode(frame));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const frame = rest.shift();
        if (frame !== undefined) controller.enqueue(frame);
        else if (then === "end") controller.close();
        else if (then === "break") controller.error(new TypeError("Network connection lost."));
        else return new Promise(() => undefined);
        return undefined;
      },
      cancel: () => void seen.cancelled++,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  return seen;
}

async function ask(
  id: string,
  signal?: AbortSignal,
): Promise<{ text: string; error: ModelError | null; end: ModelPart | null }> {
  let text = "";
  const call = callModel({
    ...openModel(env, id),
    instructions: "x",
    messages: MESSAGES,
    tools: TOOLS,
    signal,
    timeouts: { chunkMs: 100 },
  });
  try {
    for await (const part of call) {
      if (part.type === "text") text += part.text;
      if (part.type === "end") return { text, error: null, end: part };
    }
  } catch (error) {
    if (error instanceof ModelError) return { text, error, end: null };
    throw error;
  }
  throw new Error("no end");
}

it.each(Object.entries(WIRES))(
  "reads %s in workerd: whole, broken off, cut short, hanging, cancelled",
  async (_, { id, half, rest }) => {
    serve([...half, ...rest], "end");
    expect(await ask(id)).toMatchObject({ text: "hello", end: { finishReason: "stop" } });

    serve(half, "break");
    expect(await ask(id)).toMatchObject({ text: "hel", error: { retriable: true } });

    serve(half, "end");
    expect(await ask(id)).toMatchObject({ text: "hel", error: { code: "broken" } });

    const hanging = serve(half, "hang");
    expect(await ask(id)).toMatchObject({ text: "hel", error: { code: "stalled" } });
    expect(hanging.aborted).toBe(1);

    const cancelled = serve(half, "hang");
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    expect(await ask(id, controller.signal)).toMatchObject({ text: "hel", error: { code: "cancelled" } });
    expect(cancelled.aborted).toBe(1);
  },
);
