import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
} from "@ai-sdk/provider";
import { expect, it } from "vitest";
import * as z from "zod";
import { TOOLS } from "../../protocol/tools.ts";
import { ModelError } from "./ModelError.ts";
import { callModel } from "./callModel.ts";
import type { CallOptions, ModelPart } from "./callModel.ts";
import { toFunctionTools } from "./toFunctionTools.ts";

const USAGE = {
  inputTokens: { total: 10, noCache: 4, cacheRead: 6, cacheWrite: undefined },
  outputTokens: { total: 5, text: 3, reasoning: 2 },
};
const FINISH: LanguageModelV4StreamPart = {
  type: "finish",
  finishReason: { unified: "stop", raw: "stop" },
  usage: USAGE,
};

type Scripted = LanguageModelV4 & { asked: LanguageModelV4CallOptions[]; cancelled: unknown[] };

/** A model that streams these parts; `hang` never sends another, an error breaks the stream. */
function scripted(parts: (LanguageModelV4StreamPart | "hang" | Error)[]): Scripted {
  const asked: LanguageModelV4CallOptions[] = [];
  const cancelled: unknown[] = [];
  return {
    specificationVersion: "v4",
    provider: "scripted.chat",
    modelId: "one",
    supportedUrls: {},
    asked,
    cancelled,
    doGenerate: () => Promise.reject(new Error("not used")),
    async doStream(options) {
      asked.push(options);
      const rest = [...parts];
      const stream = new ReadableStream<LanguageModelV4StreamPart>({
        pull(controller) {
          const part = rest.shift();
          if (part === undefined) controller.close();
          else if (part === "hang") return new Promise(() => undefined);
          else if (part instanceof Error) controller.error(part);
          else controller.enqueue(part);
          return undefined;
        },
        cancel: (reason) => void cancelled.push(reason),
      });
      return { stream };
    },
  };
}

const TOOL = { description: "adds", input: z.object({ a: z.number(), b: z.number().optional() }) };

function options(model: LanguageModelV4, more: Partial<CallOptions> = {}): CallOptions {
  return {
    model,
    instructions: "Be good.",
    messages: [{ role: "user", content: "hi" }],
    tools: { add: TOOL },
    ...more,
  };
}

async function all(call: AsyncIterable<ModelPart>): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for await (const part of call) parts.push(part);
  return parts;
}

async function failure(call: AsyncIterable<ModelPart>): Promise<{ parts: ModelPart[]; error: ModelError }> {
  const parts: ModelPart[] = [];
  try {
    for await (const part of call) parts.push(part);
  } catch (error) {
    if (error instanceof ModelError) return { parts, error };
    throw error;
  }
  throw new Error("it did not fail");
}

function ended(parts: ModelPart[]): Extract<ModelPart, { type: "end" }> {
  const last = parts.at(-1);
  if (last?.type !== "end") throw new Error("no end");
  return last;
}

const text = (delta: string, id = "t"): LanguageModelV4StreamPart => ({ type: "text-delta", id, delta });
const toolCall = (input: string, toolName = "add", toolCallId = "c"): LanguageModelV4StreamPart => ({
  type: "tool-call",
  toolCallId,
  toolName,
  input,
});

it("passes on text, reasoning and calls, and ends with what goes into the conversation", async () => {
  const model = scripted([
    { type: "stream-start", warnings: [] },
    { type: "reasoning-start", id: "0" },
    { type: "reasoning-delta", id: "0", delta: "hm" },
    { type: "reasoning-delta", id: "0", delta: "", providerMetadata: { anthropic: { signature: "s" } } },
    { type: "reasoning-end", id: "0" },
    { type: "reasoning-start", id: "1", providerMetadata: { anthropic: { redactedData: "r" } } },
    { type: "reasoning-end", id: "1" },
    { type: "text-start", id: "0" },
    text("one ", "0"),
    text("two", "0"),
    { type: "text-end", id: "0" },
    { type: "text-start", id: "0" },
    text("again", "0"),
    { type: "text-end", id: "0" },
    toolCall('{"a":1,"extra":true}'),
    FINISH,
  ]);
  const parts = await all(callModel(options(model)));
  expect(parts.slice(0, -1)).toEqual([
    { type: "reasoning", id: "0", text: "hm" },
    { type: "text", id: "2", text: "one " },
    { type: "text", id: "2", text: "two" },
    { type: "text", id: "3", text: "again" },
    { type: "call", id: "c", tool: "add", input: { a: 1 }, error: null },
  ]);
  const end = ended(parts);
  expect(end.finishReason).toBe("tool_calls");
  expect(end.usage).toEqual({
    input_tokens: 10,
    cached_input_tokens: 6,
    cache_write_input_tokens: 0,
    output_tokens: 5,
    reasoning_output_tokens: 2,
  });
  const origin = { signalbox: { origin: "scripted.chat one" } };
  expect(end.responseMessages).toEqual([
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "hm", providerOptions: { anthropic: { signature: "s" }, ...origin } },
        { type: "reasoning", text: "", providerOptions: { anthropic: { redactedData: "r" }, ...origin } },
        { type: "text", text: "one two" },
        { type: "text", text: "again" },
        { type: "tool-call", toolCallId: "c", toolName: "add", input: { a: 1, extra: true } },
      ],
    },
  ]);
  expect(JSON.parse(JSON.stringify(end.responseMessages))).toEqual(end.responseMessages);
});

it("says what is wrong with a call, and sends back an object whatever the model wrote", async () => {
  const model = scripted([
    toolCall("{", "add", "1"),
    toolCall('{"a":"x"}', "add", "2"),
    toolCall("{}", "none", "3"),
    toolCall("[1]", "add", "4"),
    toolCall("", "add", "5"),
    FINISH,
  ]);
  const parts = await all(callModel(options(model)));
  const errors = parts.flatMap((part) => (part.type === "call" ? [part.error] : []));
  expect(errors).toEqual([
    expect.stringContaining("not JSON: {"),
    expect.stringContaining("does not fit its schema"),
    "There is no tool none. There are: add.",
    expect.stringContaining("does not fit"),
    expect.stringContaining("does not fit"),
  ]);
  const [message] = ended(parts).responseMessages;
  const inputs = Array.isArray(message?.content)
    ? message.content.map((part) => ("input" in part ? part.input : null))
    : [];
  expect(inputs).toEqual([{ unreadable_input: "{" }, { a: "x" }, {}, { input: [1] }, {}]);
});

it("gives a call an id of its own, in the step and in the conversation", async () => {
  const model = scripted([toolCall('{"a":1}'), toolCall('{"a":2}'), toolCall('{"a":3}', "add", " "), FINISH]);
  const earlier: CallOptions["messages"] = [
    { role: "user", content: "x" },
    { role: "assistant", content: [{ type: "tool-call", toolCallId: "c", toolName: "add", input: {} }] },
  ];
  const parts = await all(callModel(options(model, { messages: earlier })));
  expect(parts.flatMap((part) => (part.type === "call" ? [part.id] : []))).toEqual(["c-2", "c-3", "call"]);
});

it("puts nothing into the conversation when the model said nothing", async () => {
  expect(ended(await all(callModel(options(scripted([FINISH]))))).responseMessages).toEqual([]);
});

it.each([
  ["without an end", [text("a")]],
  [
    "with an end that says so",
    [text("a"), { ...FINISH, finishReason: { unified: "interrupted", raw: undefined } }],
  ],
] satisfies [string, LanguageModelV4StreamPart[]][])(
  "calls an answer broken that ends %s",
  async (_, parts) => {
    const { error, parts: before } = await failure(callModel(options(scripted(parts))));
    expect(before).toEqual([{ type: "text", id: "0", text: "a" }]);
    expect(error).toMatchObject({ code: "broken", retriable: true });
  },
);

it("gives up a model that hangs, before the first part and between parts", async () => {
  const silent = scripted(["hang"]);
  const first = await failure(callModel(options(silent, { timeouts: { firstMs: 50 } })));
  expect(first.error).toMatchObject({
    code: "stalled",
    retriable: true,
    message: "Nothing came from one for 0.1 s.",
  });
  const halfway = await failure(
    callModel(options(scripted([text("a"), "hang"]), { timeouts: { firstMs: 10_000, chunkMs: 50 } })),
  );
  expect(halfway.parts).toHaveLength(1);
  expect(halfway.error.code).toBe("stalled");
  expect(silent.cancelled).toHaveLength(1);

  const never: LanguageModelV4 = { ...scripted([]), doStream: () => new Promise(() => undefined) };
  expect((await failure(callModel(options(never, { timeouts: { firstMs: 50 } })))).error.code).toBe(
    "stalled",
  );
});

it("ends a step that goes on and on", async () => {
  const endless: LanguageModelV4 = {
    ...scripted([]),
    doStream: async () => ({
      stream: new ReadableStream({
        async pull(controller) {
          await scheduler.wait(5);
          controller.enqueue(text("x"));
        },
      }),
    }),
  };
  const { error, parts } = await failure(callModel(options(endless, { timeouts: { stepMs: 80 } })));
  expect(parts.length).toBeGreaterThan(2);
  expect(error).toMatchObject({ code: "stalled", message: "one did not come to an end in 0.1 s." });
});

it("stops when it is cancelled: before, while it waits, and when nobody listens any more", async () => {
  const model = scripted([text("a"), "hang"]);
  expect((await failure(callModel(options(model, { signal: AbortSignal.abort() })))).error.code).toBe(
    "cancelled",
  );
  expect(model.asked).toHaveLength(0);

  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const { error } = await failure(callModel(options(model, { signal: controller.signal })));
  expect(error).toMatchObject({ code: "cancelled", retriable: false });
  expect(model.cancelled).toHaveLength(1);

  for await (const part of callModel(options(model))) {
    expect(part.type).toBe("text");
    break;
  }
  expect(model.cancelled).toHaveLength(2);
  expect(model.asked.at(-1)?.abortSignal?.aborted).toBe(true);
});

it("makes an error of whatever is thrown or streamed, without its cause", async () => {
  const thrown = await failure(callModel(options(scripted([text("a"), new TypeError("terminated")]))));
  expect(thrown.error).toMatchObject({ code: "network", retriable: true });
  expect("cause" in thrown.error).toBe(false);
  const said: LanguageModelV4StreamPart = {
    type: "error",
    error: { message: "Overloaded", type: "overloaded_error" },
  };
  const streamed = await failure(callModel(options(scripted([said]))));
  expect(streamed.error).toMatchObject({ code: "unavailable", status: 529 });
});

it("describes every tool of the protocol by a schema that servers take", () => {
  for (const tool of toFunctionTools(TOOLS)) {
    expect(tool.inputSchema).toMatchObject({ type: "object" });
    expect(tool.inputSchema).not.toHaveProperty("$schema");
  }
  expect(toFunctionTools(TOOLS)[0]?.inputSchema).toBe(toFunctionTools(TOOLS)[0]?.inputSchema);
});
