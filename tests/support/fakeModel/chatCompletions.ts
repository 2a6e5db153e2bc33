import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Ask, ModelApi, StreamFrame, StreamReply, TokenCount } from "./modelApi.ts";

const ToolCall = z.looseObject({
  id: z.string().min(1).max(64),
  type: z.literal("function"),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
});
const Text = z.looseObject({ type: z.literal("text"), text: z.string() });
/** As servers do, it refuses what is no picture: what begins with zeros is none. */
const Image = z.looseObject({
  type: z.literal("image_url"),
  image_url: z.looseObject({
    url: z.string().regex(/^data:image\/(?:png|jpeg|gif|webp);base64,(?!AAAA)[A-Za-z0-9+/]+=*$/),
  }),
});
const Content = z.union([z.string(), z.array(z.discriminatedUnion("type", [Text, Image])).min(1)]);
const Message = z.discriminatedUnion("role", [
  z.looseObject({ role: z.literal("system"), content: z.string() }),
  z.looseObject({ role: z.literal("user"), content: Content }),
  z.looseObject({
    role: z.literal("assistant"),
    content: z.string().nullable(),
    reasoning_content: z.string().optional(),
    tool_calls: z.array(ToolCall).min(1).optional(),
  }),
  z.looseObject({ role: z.literal("tool"), tool_call_id: z.string(), content: z.string() }),
]);
const Request = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  stream_options: z.object({ include_usage: z.boolean() }).optional(),
  tools: z
    .array(z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) }))
    .optional(),
  messages: z.array(Message).min(1),
});
type Message = z.infer<typeof Message>;

const ARGUMENT_PIECE = 7;

/** OpenAI's Chat Completions, streamed; refuses conversations that OpenAI's server refuses. */
export const chatCompletions = api("/v1/chat/completions", {
  check: () => null,
  reasoning: "reasoning_content",
  usage: (tokens) => ({ prompt_tokens_details: { cached_tokens: tokens.cached } }),
  always: false,
});

/** DeepSeek's variety: it wants its reasoning back beside tools, and has its own fields for cached tokens. */
export const deepseekChat = api("/deepseek/chat/completions", {
  check: (messages, hasTools) =>
    hasTools &&
    messages.some((message) => message.role === "assistant" && message.reasoning_content === undefined)
      ? "The reasoning_content in the thinking mode must be passed back to the API."
      : null,
  reasoning: "reasoning_content",
  usage: (tokens) => ({
    prompt_cache_hit_tokens: tokens.cached,
    prompt_cache_miss_tokens: tokens.input - tokens.cached,
  }),
  always: true,
});

type Variety = {
  check(messages: Message[], hasTools: boolean): string | null;
  reasoning: string;
  usage(tokens: TokenCount): Record<string, unknown>;
  /** Counts tokens in the stream even when it was not asked to. */
  always: boolean;
};

function api(path: string, variety: Variety): ModelApi {
  return {
    path,
    read(body) {
      const request = Request.safeParse(body);
      if (!request.success) return { refused: z.prettifyError(request.error) };
      const { messages, tools, model } = request.data;
      const wrong = checkOrder(messages) ?? variety.check(messages, tools !== undefined);
      if (wrong !== null) return { refused: wrong };
      let userText = "";
      let toolOutputs: string[] = [];
      for (const message of messages) {
        if (message.role === "user") {
          userText = textOf(message.content);
          toolOutputs = [];
        }
        if (message.role === "tool") toolOutputs.push(message.content);
      }
      const wantsUsage = variety.always || request.data.stream_options?.include_usage === true;
      return { model, userText, toolOutputs, prompt: JSON.stringify([tools, messages]), wantsUsage };
    },
    stream: (reply, tokens, ask) => streamOf(reply, tokens, ask, variety),
    error: (status, message) => ({
      error: {
        message,
        type: status < 500 ? "invalid_request_error" : "server_error",
        param: null,
        code: null,
      },
    }),
  };
}

function streamOf(reply: StreamReply, tokens: TokenCount, ask: Ask, variety: Variety) {
  const frames: { frame: StreamFrame; pauseMs: number }[] = [];
  const send = (data: unknown, pauseMs = 0) => frames.push({ frame: { event: null, data }, pauseMs });
  const base = {
    id: `chatcmpl-${randomUUID()}`,
    object: "chat.completion.chunk",
    created: 1_800_000_000,
    model: ask.model,
  };
  const add = (delta: Record<string, unknown>, finish_reason: string | null = null, pauseMs = 0) =>
    send({ ...base, choices: [{ index: 0, delta, finish_reason, logprobs: null }] }, pauseMs);

  add({ role: "assistant", content: "" });
  if (reply.kind === "stream_error") {
    send({ error: { message: "the model broke down", type: "server_error", param: null, code: null } });
    return frames;
  }
  for (const piece of pieces(reply.reasoning ?? "", 8)) add({ [variety.reasoning]: piece });
  if (reply.kind === "text") {
    const size = Math.max(1, Math.ceil(reply.text.length / reply.pieces));
    for (const piece of pieces(reply.text, size)) add({ content: piece }, null, reply.pauseMs);
    add({}, "stop");
  } else {
    for (const [index, { tool, json }] of callsOf(reply).entries()) {
      const call = {
        index,
        id: `call_${randomUUID()}`,
        type: "function",
        function: { name: tool, arguments: "" },
      };
      add({ tool_calls: [call] });
      for (const piece of pieces(json, ARGUMENT_PIECE))
        add({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
    add({}, "tool_calls");
  }
  if (ask.wantsUsage === true) {
    const usage = {
      prompt_tokens: tokens.input,
      completion_tokens: tokens.output,
      total_tokens: tokens.input + tokens.output,
      completion_tokens_details: { reasoning_tokens: tokens.reasoning },
      ...variety.usage(tokens),
    };
    send({ ...base, choices: [], usage });
  }
  send("[DONE]");
  return frames;
}

/** What each reply asks of tools, in the words of an API that has none of its own. */
export function callsOf(
  reply: Extract<StreamReply, { kind: "command" | "patch" | "calls" }>,
): { tool: string; json: string }[] {
  if (reply.kind === "calls") return reply.calls;
  if (reply.kind === "patch") return [{ tool: "apply_patch", json: JSON.stringify({ patch: reply.patch }) }];
  return [{ tool: "run_command", json: JSON.stringify({ argv: reply.command.split(/\s+/) }) }];
}

export function pieces(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

/** Calls must be followed by their results, and results must follow calls. */
function checkOrder(messages: Message[]): string | null {
  const open = new Set<string>();
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id))
        return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'";
      continue;
    }
    if (open.size > 0) return "An assistant message with 'tool_calls' must be followed by tool messages";
    if (message.role === "assistant") for (const { id } of message.tool_calls ?? []) open.add(id);
  }
  return open.size > 0 ? "An assistant message with 'tool_calls' must be followed by tool messages" : null;
}

function textOf(content: z.infer<typeof Content>): string {
  return typeof content === "string"
    ? content
    : content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
}
