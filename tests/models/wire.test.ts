import type { ModelMessage } from "ai";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { TOOLS } from "../../protocol/tools.ts";
import { ModelError } from "../../worker/models/ModelError.ts";
import { callModel } from "../../worker/models/callModel.ts";
import type { ModelPart, Timeouts } from "../../worker/models/callModel.ts";
import type { ModelEnv } from "../../worker/models/modelEnv.ts";
import { SUMMARY_INSTRUCTIONS, summaryRequest } from "../../worker/models/summaryRequest.ts";
import type { ToolSchemas } from "../../worker/models/toFunctionTools.ts";
import { openModel } from "../../worker/models/openModel.ts";
import type { Effort } from "../../worker/models/openModel.ts";
import { withRetry } from "../../worker/models/withRetry.ts";
import type { RetryPart } from "../../worker/models/withRetry.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";

const KEY = "a-key-without-any-known-shape-0123456789";

let server: Awaited<ReturnType<typeof startFakeModel>>;
let env: ModelEnv;
beforeAll(async () => {
  server = await startFakeModel();
  env = {
    OPENAI_COMPATIBLE_BASE_URL: `${server.url}/v1/`,
    OPENAI_COMPATIBLE_API_KEY: KEY,
    OPENAI_COMPATIBLE_MODELS: "local:8b:32k+reasoning",
    OPENAI_BASE_URL: `${server.url}/v1`,
    OPENAI_API_KEY: KEY,
    DEEPSEEK_BASE_URL: `${server.url}/deepseek`,
    DEEPSEEK_API_KEY: KEY,
    ANTHROPIC_BASE_URL: server.url,
    ANTHROPIC_API_KEY: KEY,
  };
});
afterAll(() => server.stop());
afterEach(() => void server.refused.splice(0));

const COMPATIBLE = "compatible/local:8b";
const DEEPSEEK = "deepseek/deepseek-flash";
const ANTHROPIC = "anthropic/claude-sonnet-5-5";
const OPENAI = "openai/gpt-5.5";
const MODELS = [COMPATIBLE, OPENAI, "openai/gpt-5-mini", DEEPSEEK, ANTHROPIC];

const user = (content: string): ModelMessage => ({ role: "user", content });
const LONG = "Be good. ".repeat(400);

type Options = {
  effort?: Effort;
  signal?: AbortSignal;
  timeouts?: Partial<Timeouts>;
  instructions?: string;
  tools?: ToolSchemas;
};

function step(id: string, messages: ModelMessage[], { effort, instructions = LONG, ...more }: Options = {}) {
  return callModel({ ...openModel(env, id, effort ?? null), instructions, messages, tools: TOOLS, ...more });
}

type Call = Extract<ModelPart, { type: "call" }>;
type Answer = {
  text: string;
  reasoning: string;
  calls: Call[];
  retries: RetryPart[];
  deltas: number;
  end: Extract<ModelPart, { type: "end" }>;
};

async function read(parts: AsyncIterable<ModelPart | RetryPart>): Promise<Answer> {
  const answer = { text: "", reasoning: "", calls: [] as Call[], retries: [] as RetryPart[], deltas: 0 };
  for await (const part of parts) {
    if (part.type === "retry") {
      answer.retries.push(part);
      Object.assign(answer, part.restart ? { text: "", reasoning: "", calls: [] } : {});
    }
    if (part.type === "text") answer.text += part.text;
    if (part.type === "reasoning") answer.reasoning += part.text;
    if (part.type === "text" || part.type === "reasoning") answer.deltas++;
    if (part.type === "call") answer.calls.push(part);
    if (part.type === "end") return { ...answer, end: part };
  }
  throw new Error("no end");
}

async function failure(parts: AsyncIterable<ModelPart | RetryPart>): Promise<ModelError> {
  try {
    await read(parts);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** As it is after it was stored: JSON and back. */
function stored(messages: ModelMessage[]): ModelMessage[] {
  return JSON.parse(JSON.stringify(messages));
}

function results(answer: Answer): ModelMessage[] {
  return answer.calls.map(({ id, tool }) => ({
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: id,
        toolName: tool,
        output: { type: "text", value: `result of ${tool}` },
      },
    ],
  }));
}

const Body = z.looseObject({ messages: z.array(z.looseObject({ role: z.string() })).default([]) });
function lastBody() {
  return Body.parse(server.asked.at(-1)?.body);
}

describe.each(MODELS)("%s", (id) => {
  it("streams text, sends the key, the instructions and the tools, and counts cached tokens", async () => {
    const text = `SAY: hello from ${id}, at some length, in pieces\nSLOW: 5`;
    const first = await read(step(id, [user(text)]));
    expect(first.text).toBe(`hello from ${id}, at some length, in pieces`);
    expect(first.deltas).toBeGreaterThanOrEqual(5);
    expect(first.end.finishReason).toBe("stop");
    expect(first.end.usage.input_tokens).toBeGreaterThan(900);
    expect(first.end.usage.output_tokens).toBeGreaterThan(0);
    const asked = server.asked.at(-1);
    expect([asked?.headers.authorization, asked?.headers["x-api-key"]]).toContain(
      id === ANTHROPIC ? KEY : `Bearer ${KEY}`,
    );
    expect(JSON.stringify(asked?.body)).toContain(LONG.trim());
    expect(lastBody().tools).toHaveLength(Object.keys(TOOLS).length);

    const again = await read(
      step(id, [user(text), ...stored(first.end.responseMessages), user("SAY: more")]),
    );
    expect(again.text).toBe("more");
    expect(again.end.usage.cached_input_tokens).toBeGreaterThan(800);
    expect(again.end.usage.cached_input_tokens).toBeLessThan(again.end.usage.input_tokens);
  });

  it("is asked for a summary without tools, also of a conversation with calls", async () => {
    const asked = await read(step(id, [user("CALL: git_status {}\nSAY: seen")]));
    const record = [user("mend it"), ...stored(asked.end.responseMessages), ...results(asked)];
    const summary = await read(
      step(id, summaryRequest("## Done\n- nothing", record, 10_000), {
        instructions: SUMMARY_INSTRUCTIONS,
        tools: {},
      }),
    );
    expect(summary.text).toContain("CALLED: git_status\nRESULT: result of git_status");
    expect(lastBody()).not.toHaveProperty("tools");
    expect(server.refused).toEqual([]);
  });

  it("calls tools side by side, with reasoning that goes back as it came, over two steps and another turn", async () => {
    const messages = [
      user(
        'THINK: I should look, then read\nCALL: git_status {}\nAND: read_file {"path":"ü \\"x\\".txt"}\nCALL: list_files {"path":"src"}\nSAY: seen',
      ),
    ];
    const first = await read(step(id, messages, { effort: "high" }));
    expect(first.reasoning).toBe("I should look, then read");
    expect(first.calls.map(({ tool, input, error }) => [tool, input, error])).toEqual([
      ["git_status", {}, null],
      ["read_file", { path: 'ü "x".txt' }, null],
    ]);
    expect(first.end.finishReason).toBe("tool_calls");
    expect(first.end.usage.reasoning_output_tokens).toBeGreaterThan(0);

    messages.push(...stored(first.end.responseMessages), ...results(first));
    const second = await read(step(id, messages, { effort: "high" }));
    expect(second.calls.map(({ tool }) => tool)).toEqual(["list_files"]);
    messages.push(...stored(second.end.responseMessages), ...results(second));
    const third = await read(step(id, messages, { effort: "high" }));
    expect(third.text).toBe("seen");
    messages.push(...stored(third.end.responseMessages), user("SAY: bye"));
    expect((await read(step(id, messages))).text).toBe("bye");
    expect(server.refused).toEqual([]);
    expect(server.asked.at(-2)?.ask.toolOutputs).toEqual([
      "result of git_status",
      "result of read_file",
      "result of list_files",
    ]);
  });

  it("sends back what the model got wrong, and goes on after a call that never had a result", async () => {
    const messages = [user('CALL: read_file {"path":\nSAY: sorry')];
    const first = await read(step(id, messages));
    expect(first.calls[0]?.error).toContain("not JSON");
    const back = [...messages, ...stored(first.end.responseMessages)];
    expect((await read(step(id, [...back, ...results(first)]))).text).toBe("sorry");
    expect((await read(step(id, [...back, user("SAY: next")]))).text).toBe("next");
    expect(server.refused).toEqual([]);
  });

  it.each([
    [429, "rate_limited", true],
    [500, "unavailable", true],
    [503, "unavailable", true],
    [529, "unavailable", true],
    [400, "refused", false],
    [401, "unauthorized", false],
    [402, "no_credit", false],
    [403, "unauthorized", false],
    [404, "unknown_model", false],
    [413, "context_too_long", false],
  ] as const)("says in words what a %i means", async (status, code, retriable) => {
    const error = await failure(step(id, [user(`FAIL: ${status}`)]));
    expect(error).toMatchObject({ code, retriable, status });
    expect(error.message).toContain(`(${status})`);
    expect(error.message).toContain(`you asked for ${status}`);
  });

  it("asks again after a 429, as late as it is asked to, and after a 500", async () => {
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    const limited = await read(
      withRetry(() => step(id, [user("FAIL: 429 2 after=3\nSAY: at last")]), { sleep }),
    );
    expect(limited.text).toBe("at last");
    expect(waits).toEqual([3000, 3000]);
    const broken = await read(withRetry(() => step(id, [user("FAIL: 500 1\nSAY: at last")]), { sleep }));
    expect(broken.text).toBe("at last");
    expect(broken.retries).toMatchObject([{ restart: false }]);
  });

  it("takes an answer that breaks off for none, however it breaks off, and asks again", async () => {
    for (const how of ["cut", "end", "sse", "drop"]) {
      const call = () => step(id, [user(`FAIL: ${how} 1\nSAY: whole (${how})`)]);
      const error = await failure(call());
      expect([how, error.retriable]).toEqual([how, true]);
      const half = how === "cut" || how === "end";
      const again = await read(
        withRetry(() => step(id, [user(`FAIL: ${how} 1\nSAY: whole again (${how})`)]), {
          sleep: async () => undefined,
        }),
      );
      expect(again.text).toBe(`whole again (${how})`);
      expect(again.retries).toMatchObject([{ restart: half }]);
    }
  });

  it("gives up a stream that hangs, and leaves none open", async () => {
    const error = await failure(step(id, [user("FAIL: hang 1")], { timeouts: { chunkMs: 150 } }));
    expect(error).toMatchObject({ code: "stalled", retriable: true });
    await vi.waitFor(() => expect(server.open()).toBe(0));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const cancelled = await failure(step(id, [user("FAIL: hang 2\nSAY: x")], { signal: controller.signal }));
    expect(cancelled.code).toBe("cancelled");
    for await (const part of step(id, [user("SAY: a long story, told slowly\nSLOW: 20")]))
      if (part.type === "text") break;
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it("keeps its key to itself, even when the server repeats it", async () => {
    const error = await failure(step(id, [user("FAIL: 401 leak")]));
    expect(error.message).toContain("[secret]");
    const shown = [
      error.message,
      error.stack,
      JSON.stringify(error),
      JSON.stringify(Object.entries(error)),
      JSON.stringify(openModel(env, id).info),
    ];
    expect(shown.join("\n")).not.toContain(KEY);
    expect("cause" in error).toBe(false);
  });

  it("says so when nobody is there", async () => {
    const nobody = { ...env };
    for (const key of [
      "OPENAI_COMPATIBLE_BASE_URL",
      "OPENAI_BASE_URL",
      "DEEPSEEK_BASE_URL",
      "ANTHROPIC_BASE_URL",
    ] as const)
      nobody[key] = "http://127.0.0.1:1/v1";
    const error = await failure(
      callModel({ ...openModel(nobody, id), instructions: "", messages: [user("hi")], tools: {} }),
    );
    expect(error).toMatchObject({ code: "network", retriable: true, status: null });
    expect(error.message).toMatch(/cannot be reached/);
  });
});

it("gives OpenAI its reasoning back as it was sealed, and no ids of what it does not keep", async () => {
  const messages = [user("THINK: I should look\nCALL: git_status {}\nSAY: seen")];
  const first = await read(step(OPENAI, messages, { effort: "low" }));
  messages.push(...stored(first.end.responseMessages), ...results(first));
  expect((await read(step(OPENAI, messages, { effort: "low" }))).text).toBe("seen");
  const { input } = z.object({ input: z.array(z.looseObject({})) }).parse(server.asked.at(-1)?.body);
  expect(input).toContainEqual(
    expect.objectContaining({
      type: "reasoning",
      encrypted_content: "sealed(I should look)",
      summary: [{ type: "summary_text", text: "I should look" }],
    }),
  );
  const call = input.find((item) => item.type === "function_call");
  expect(call).toMatchObject({ name: "git_status", arguments: "{}" });
  expect(call).not.toHaveProperty("id");
  // Another model of the same API: the reasoning stays behind, the call and its result go along.
  await read(step("openai/gpt-5-mini", messages));
  const other = JSON.stringify(server.asked.at(-1)?.body);
  expect(other).not.toContain("sealed(");
  expect(other).toContain("git_status");
  expect(server.refused).toEqual([]);
});

it("goes on with another provider in the middle of a conversation", async () => {
  const messages: ModelMessage[] = [];
  for (const [turn, id] of [
    ANTHROPIC,
    DEEPSEEK,
    COMPATIBLE,
    "offline/builtin",
    ANTHROPIC,
    "openai/gpt-5.5",
    DEEPSEEK,
  ].entries()) {
    messages.push(user(id.startsWith("offline") ? "run true" : "THINK: hm\nCALL: git_status {}\nSAY: seen"));
    const first = await read(step(id, messages, { effort: "medium" }));
    expect([turn, first.calls.length]).toEqual([turn, 1]);
    messages.push(...stored(first.end.responseMessages), ...results(first));
    const second = await read(step(id, messages, { effort: "medium" }));
    messages.push(...stored(second.end.responseMessages));
  }
  expect(server.refused).toEqual([]);
  const reasoning = lastBody().messages.flatMap(({ role, reasoning_content }) =>
    role === "assistant" ? [reasoning_content] : [],
  );
  expect(reasoning.filter((thought) => thought === "hm")).toHaveLength(2);
});

it("asks each provider for effort and caching in its own words", async () => {
  await read(step(COMPATIBLE, [user("SAY: x")], { effort: "low" }));
  expect(lastBody()).toMatchObject({ reasoning_effort: "low", stream_options: { include_usage: true } });
  await read(step(COMPATIBLE, [user("SAY: x")]));
  expect(lastBody()).not.toHaveProperty("reasoning_effort");
  await read(step(DEEPSEEK, [user("SAY: x")], { effort: "high" }));
  expect(lastBody()).toMatchObject({ reasoning_effort: "high" });
  await read(step(OPENAI, [user("SAY: x")], { effort: "high" }));
  expect(lastBody()).toMatchObject({
    store: false,
    include: ["reasoning.encrypted_content"],
    reasoning: { effort: "high", summary: "auto" },
  });
  await read(step(OPENAI, [user("SAY: x")]));
  expect(lastBody()).toMatchObject({ store: false, include: ["reasoning.encrypted_content"] });
  expect(lastBody()).not.toHaveProperty("reasoning");
  await read(step(ANTHROPIC, [user("SAY: x")], { effort: "medium" }));
  expect(lastBody()).toMatchObject({
    thinking: { type: "adaptive" },
    output_config: { effort: "medium" },
    cache_control: { type: "ephemeral" },
  });
  await read(step(ANTHROPIC, [user("SAY: x")]));
  expect(lastBody()).not.toHaveProperty("thinking");
});

it("tells a conversation that is too long, and an empty account, from other refusals", async () => {
  const said: [status: number, body: object, code: string][] = [
    [
      400,
      {
        error: {
          message: "This model's maximum context length is 8192 tokens",
          type: "invalid_request_error",
          code: "context_length_exceeded",
        },
      },
      "context_too_long",
    ],
    [
      400,
      { error: { message: "the request exceeds the available context size: reduce the length", code: 400 } },
      "context_too_long",
    ],
    [
      429,
      {
        error: {
          message: "You exceeded your current quota",
          type: "insufficient_quota",
          code: "insufficient_quota",
        },
      },
      "no_credit",
    ],
    [
      429,
      { error: { message: "Too many tokens per minute", type: "tokens", code: "rate_limit_exceeded" } },
      "rate_limited",
    ],
  ];
  for (const [status, body, code] of said) {
    vi.stubGlobal("fetch", async () => Response.json(body, { status }));
    const error = await failure(step(COMPATIBLE, [user("x")])).finally(() => vi.unstubAllGlobals());
    expect([body, error.code]).toEqual([body, code]);
  }
});

it("reaches Workers AI through its binding", async () => {
  const binding: NonNullable<ModelEnv["AI"]> = {
    run: (model, input) =>
      fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model, ...input }),
      }),
  };
  const id = "workers-ai/@cf/openai/gpt-oss-120b";
  const call = (AI: NonNullable<ModelEnv["AI"]>, text: string) =>
    callModel({ ...openModel({ AI }, id), instructions: "", messages: [user(text)], tools: TOOLS });
  const answer = await read(call(binding, "THINK: hm\nCALL: git_status {}"));
  expect(answer.reasoning).toBe("hm");
  expect(answer.calls.map(({ tool }) => tool)).toEqual(["git_status"]);
  expect(server.asked.at(-1)?.ask.model).toBe("@cf/openai/gpt-oss-120b");
  const thrown = await failure(
    call({ run: () => Promise.reject(new Error("InferenceUpstreamError: 429 too busy")) }, "hi"),
  );
  expect(thrown).toMatchObject({ code: "rate_limited" });
  expect(await failure(call({ run: () => Promise.resolve({ response: "old" }) }, "hi"))).toMatchObject({
    code: "unavailable",
  });
});
