import { generateText } from "ai";
import type { ModelMessage } from "ai";
import { expect, it } from "vitest";
import { TOOLS } from "../../protocol/tools.ts";
import { ModelError } from "./ModelError.ts";
import { callModel } from "./callModel.ts";
import type { ModelPart } from "./callModel.ts";
import { openModel } from "./openModel.ts";
import { withRetry } from "./withRetry.ts";
import type { RetryPart } from "./withRetry.ts";

type Step = {
  text: string;
  reasoning: string;
  calls: { id: string; tool: string; input: unknown; error: string | null }[];
  deltas: number;
  end: Extract<ModelPart, { type: "end" }>;
};

async function ask(messages: ModelMessage[], signal?: AbortSignal, chunkMs = 5000): Promise<Step> {
  const step = callModel({
    ...openModel({}, "offline/builtin"),
    instructions: "",
    messages,
    tools: TOOLS,
    signal,
    timeouts: { chunkMs },
  });
  let text = "";
  let reasoning = "";
  let deltas = 0;
  const calls: Step["calls"] = [];
  for await (const part of step) {
    if (part.type === "text") text += part.text;
    if (part.type === "reasoning") reasoning += part.text;
    if (part.type === "text" || part.type === "reasoning") deltas++;
    if (part.type === "call")
      calls.push({ id: part.id, tool: part.tool, input: part.input, error: part.error });
    if (part.type === "end") return { text, reasoning, calls, deltas, end: part };
  }
  throw new Error("no end");
}

const user = (content: string): ModelMessage => ({ role: "user", content });

/** Goes on with a conversation: every call of the step gives back what `give` says. */
function results(step: Step, give: (tool: string) => string): ModelMessage[] {
  return [
    ...step.end.responseMessages,
    ...step.calls.map(({ id, tool }): ModelMessage => ({
      role: "tool",
      content: [
        { type: "tool-result", toolCallId: id, toolName: tool, output: { type: "text", value: give(tool) } },
      ],
    })),
  ];
}

it("says plainly that it is offline, how to connect a model, and what it understands", async () => {
  const lost = await ask([user("Please fix the login page")]);
  expect(lost.text).toContain("offline");
  expect(lost.text).toContain("I cannot do “Please fix the login page”");
  expect(lost.text).toContain("OPENAI_API_KEY");
  expect(lost.text).toContain("run git status");
  expect(lost.end.finishReason).toBe("stop");
  const help = await ask([user("help")]);
  for (const word of ["run", "read", "edit", "ask", "hop", "service", "then", "offline"])
    expect(help.text).toContain(word);
});

it("makes the calls of a message at once, and those after “then” when their results are there", async () => {
  const messages = [
    user("say I begin\nrun git status\nlist src\nthen read a.txt\nsay reading\nthen say done"),
  ];
  const first = await ask(messages);
  expect(first.text).toBe("I begin");
  expect(first.reasoning).toContain("run_command and list_files");
  expect(first.calls.map(({ tool, input }) => [tool, input])).toEqual([
    ["run_command", { argv: ["git", "status"] }],
    ["list_files", { path: "src" }],
  ]);
  messages.push(...results(first, (tool) => `result of ${tool}`));
  const second = await ask(messages);
  expect(second.text).toContain("run_command gave back:\n```\nresult of run_command\n```");
  expect(second.text).toContain("result of list_files");
  expect(second.text.endsWith("reading")).toBe(true);
  expect(second.calls.map(({ tool }) => tool)).toEqual(["read_file"]);
  messages.push(...results(second, () => "```\nsneaky"));
  const third = await ask(messages);
  expect(third.text).toBe("read_file gave back:\n````\n```\nsneaky\n````\n\ndone");
  expect(third.calls).toEqual([]);
  expect(new Set([...first.calls, ...second.calls].map(({ id }) => id)).size).toBe(3);
  // Asked again it says the same: a step that was lost is repeated under the same ids.
  expect((await ask(messages.slice(0, 1))).calls).toEqual(first.calls);
});

it("tells a refusal and a failure from a result", async () => {
  const first = await ask([user("run a\nrun b\nrun c")]);
  const [a, b, c] = first.calls;
  const content: Extract<ModelMessage, { role: "tool" }>["content"] = [
    {
      type: "tool-result",
      toolCallId: a?.id ?? "",
      toolName: "run_command",
      output: { type: "execution-denied", reason: "not today" },
    },
    {
      type: "tool-result",
      toolCallId: b?.id ?? "",
      toolName: "run_command",
      output: { type: "error-text", value: "exit 1" },
    },
    {
      type: "tool-result",
      toolCallId: c?.id ?? "",
      toolName: "run_command",
      output: { type: "text", value: "" },
    },
  ];
  const { text } = await ask([
    user("run a\nrun b\nrun c"),
    ...first.end.responseMessages,
    { role: "tool", content },
  ]);
  expect(text).toContain("run_command was not allowed: not today");
  expect(text).toContain("run_command did not work:\n```\nexit 1");
  expect(text).toContain("run_command gave back nothing.");
});

it("takes up a new message in the middle of a turn, and goes on over a remark", async () => {
  const first = await ask([user("run a\nthen run b")]);
  const before = [user("run a\nthen run b"), ...results(first, () => "ok")];
  expect((await ask([...before, user("run c")])).calls[0]?.input).toEqual({ argv: ["c"] });
  const remark = await ask([...before, user("The last calls went wrong.")]);
  expect(remark.calls[0]?.input).toEqual({ argv: ["b"] });
  expect(remark.text).toContain("run_command gave back:");
});

it("repeats a call for ever when it is told to loop", async () => {
  const messages = [user("loop true")];
  const ids = new Set<string>();
  for (let step = 0; step < 20; step++) {
    const answer = await ask(messages);
    expect(answer.calls.map(({ tool, input }) => [tool, input])).toEqual([
      ["run_command", { argv: ["true"] }],
    ]);
    ids.add(answer.calls[0]?.id ?? "");
    messages.push(...results(answer, () => "ok"));
  }
  expect(ids.size).toBe(20);
});

it("makes calls that are wrong, as they stand", async () => {
  const { calls } = await ask([user('call nothing {}\ncall read_file {"path":\ncall read_file {"path":7}')]);
  expect(calls.map(({ error }) => error)).toEqual([
    expect.stringContaining("There is no tool nothing"),
    expect.stringContaining("not JSON"),
    expect.stringContaining("does not fit its schema"),
  ]);
});

it("streams in small chunks, slowly when it is asked to, and stops when it is stopped", async () => {
  const long = await ask([user("long 2000")]);
  expect(long.text.split(" ")).toHaveLength(2000);
  expect(long.deltas).toBeGreaterThanOrEqual(2000);
  const emoji = await ask([user("say 😀😀😀😀😀😀😀😀😀😀😀😀😀 über\tall")]);
  expect(emoji.text).toBe("😀😀😀😀😀😀😀😀😀😀😀😀😀 über\tall");
  const began = Date.now();
  const slow = await ask([user("slow 4")]);
  expect(slow.deltas).toBe(4);
  expect(Date.now() - began).toBeGreaterThanOrEqual(280);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  await expect(ask([user("slow 1000")], stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  expect((await ask([user("think about it")])).reasoning).toBe("about it");
});

it("counts tokens, and as cached what the request before began with", async () => {
  const first = await ask([user(`say ${"x".repeat(4000)}\nrun a`)]);
  expect(first.end.usage).toMatchObject({ cached_input_tokens: 0, cache_write_input_tokens: 0 });
  expect(first.end.usage.input_tokens).toBeGreaterThan(1000);
  expect(first.end.usage.reasoning_output_tokens).toBeGreaterThan(0);
  expect(first.end.usage.output_tokens).toBeGreaterThan(first.end.usage.reasoning_output_tokens);
  const second = await ask([user(`say ${"x".repeat(4000)}\nrun a`), ...results(first, () => "ok")]);
  expect(second.end.usage.cached_input_tokens).toBe(first.end.usage.input_tokens);
  expect(second.end.usage.input_tokens).toBeGreaterThan(second.end.usage.cached_input_tokens);
});

it("fails as it is told, and works when it is asked again", async () => {
  const failed = ask([user("fail 401")]);
  await expect(failed).rejects.toBeInstanceOf(ModelError);
  await expect(failed).rejects.toMatchObject({ code: "unauthorized", retriable: false });
  for (const [message, code, restart] of [
    ["fail 429\nsay yes", "too many requests", false],
    ["fail 503 2\nsay yes", "not available", false],
    ["fail break\nsay yes yes yes yes", "failed", true],
    ["fail hang\nsay yes yes yes yes", "Nothing came", true],
  ] as const) {
    const step = () =>
      callModel({
        ...openModel({}, "offline/builtin"),
        instructions: "",
        messages: [user(message)],
        tools: TOOLS,
        timeouts: { chunkMs: 50 },
      });
    const retries: RetryPart[] = [];
    let text = "";
    for await (const part of withRetry(step, { random: () => 0, sleep: () => Promise.resolve() })) {
      if (part.type === "retry") retries.push(part);
      if (part.type === "retry" && part.restart) text = "";
      if (part.type === "text") text += part.text;
    }
    expect(text).toMatch(/^yes/);
    expect(retries).toHaveLength(message.includes(" 2") ? 2 : 1);
    expect(retries[0]).toMatchObject({ restart, reason: expect.stringContaining(code) });
  }
});

it("sums up a conversation when it is asked to", async () => {
  const { text } = await ask([user("run a"), { role: "assistant", content: "ok" }, user("summarize")]);
  expect(text).toBe("What was said so far:\n- asked: run a");
});

it("is a language model of `ai`", async () => {
  const { text, usage } = await generateText({
    model: openModel({}, "offline/builtin").model,
    prompt: "say hello",
  });
  expect(text).toBe("hello");
  expect(usage.outputTokens).toBeGreaterThan(0);
});
