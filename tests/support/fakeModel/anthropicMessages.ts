import { createHash, randomUUID } from "node:crypto";
import * as z from "zod";
import { callsOf, pieces } from "./chatCompletions.ts";
import type { ModelApi, StreamFrame } from "./modelApi.ts";

const Text = z.looseObject({ type: z.literal("text"), text: z.string().min(1) });
const ToolResult = z.looseObject({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
    .optional(),
});
const ToolUse = z.looseObject({
  type: z.literal("tool_use"),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
});
const Thinking = z.looseObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() });
const Image = z.looseObject({
  type: z.literal("image"),
  source: z.looseObject({
    type: z.literal("base64"),
    media_type: z.enum(["image/png", "image/jpeg", "image/gif", "image/webp"]),
    data: z.base64().regex(/^(?!AAAA)./, "Could not process image"),
  }),
});
/** A text alone may stand for the list that holds only it. */
function contentOf<T extends z.ZodType>(part: T) {
  return z.preprocess(
    (content) => (typeof content === "string" ? [{ type: "text", text: content }] : content),
    z.array(part).min(1),
  );
}
const Message = z.discriminatedUnion("role", [
  z.looseObject({
    role: z.literal("user"),
    content: contentOf(z.discriminatedUnion("type", [Text, ToolResult, Image])),
  }),
  z.looseObject({
    role: z.literal("assistant"),
    content: contentOf(z.discriminatedUnion("type", [Text, ToolUse, Thinking])),
  }),
  /** Claude Code's own words in the middle of a conversation. */
  z.looseObject({ role: z.literal("system"), content: contentOf(Text) }),
]);
const Request = z.looseObject({
  model: z.string(),
  max_tokens: z.number().int().positive(),
  stream: z.literal(true),
  system: z.unknown().optional(),
  thinking: z.looseObject({ type: z.string() }).optional(),
  tools: z
    .array(z.looseObject({ name: z.string(), input_schema: z.looseObject({ type: z.literal("object") }) }))
    .optional(),
  cache_control: z.unknown().optional(),
  messages: z.array(Message).min(1),
});
const Probe = Request.extend({ stream: z.literal(false).optional() });
type Message = z.infer<typeof Message>;

/** Anthropic's Messages, streamed; refuses conversations that Anthropic's server refuses. */
export const anthropicMessages: ModelApi = {
  path: "/v1/messages",
  whole(body) {
    const probe = Probe.safeParse(body);
    if (!probe.success) return null;
    return {
      id: `msg_${randomUUID()}`,
      type: "message",
      role: "assistant",
      model: probe.data.model,
      content: [{ type: "text", text: "ok" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 },
    };
  },
  read(body) {
    const request = Request.safeParse(body);
    if (!request.success) return { refused: z.prettifyError(request.error) };
    const { messages, model, system, tools } = request.data;
    const wrong = check(messages);
    if (wrong !== null) return { refused: wrong };
    let userText = "";
    let toolOutputs: string[] = [];
    for (const message of messages) {
      if (message.role !== "user") continue;
      for (const part of message.content) {
        if (part.type === "tool_result") toolOutputs.push(outputOf(part));
      }
      const said = message.content.flatMap((part) =>
        part.type === "text" && !part.text.startsWith("<system-reminder>") ? [part.text] : [],
      );
      if (said.length === 0) continue;
      userText = said.join("\n");
      toolOutputs = [];
    }
    return { model, userText, toolOutputs, prompt: JSON.stringify([tools, system, messages]) };
  },
  stream(reply, tokens, ask) {
    const frames: { frame: StreamFrame; pauseMs: number }[] = [];
    const add = (type: string, data: Record<string, unknown>, pauseMs = 0) =>
      frames.push({ frame: { event: type, data: { type, ...data } }, pauseMs });
    let index = -1;
    const block = (
      content_block: Record<string, unknown>,
      deltas: Record<string, unknown>[],
      pauseMs = 0,
    ) => {
      index++;
      add("content_block_start", { index, content_block });
      for (const delta of deltas) add("content_block_delta", { index, delta }, pauseMs);
      add("content_block_stop", { index });
    };
    const usage = {
      input_tokens: Math.max(0, tokens.input - tokens.cached - 10),
      cache_creation_input_tokens: Math.min(10, tokens.input - tokens.cached),
      cache_read_input_tokens: tokens.cached,
    };
    const message = {
      id: `msg_${randomUUID()}`,
      type: "message",
      role: "assistant",
      model: ask.model,
      content: [],
    };
    add("message_start", {
      message: { ...message, stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
    });
    add("ping", {});
    if (reply.kind === "stream_error") {
      add("error", { error: { type: "overloaded_error", message: "Overloaded" } });
      return frames;
    }
    if (reply.reasoning !== null) {
      const thoughts = pieces(reply.reasoning, 8).map((thinking) => ({ type: "thinking_delta", thinking }));
      const signature = { type: "signature_delta", signature: sign(reply.reasoning) };
      block({ type: "thinking", thinking: "", signature: "" }, [...thoughts, signature]);
    }
    if (reply.kind === "text") {
      const size = Math.max(1, Math.ceil(reply.text.length / reply.pieces));
      const deltas = pieces(reply.text, size).map((text) => ({ type: "text_delta", text }));
      block({ type: "text", text: "" }, deltas, reply.pauseMs);
    } else {
      for (const { tool, json } of callsOf(reply)) {
        const deltas = pieces(json, 7).map((partial_json) => ({ type: "input_json_delta", partial_json }));
        const id = `toolu_${randomUUID().replaceAll("-", "")}`;
        block({ type: "tool_use", id, name: tool, input: {} }, [
          { type: "input_json_delta", partial_json: "" },
          ...deltas,
        ]);
      }
    }
    const stop_reason = reply.kind === "text" ? "end_turn" : "tool_use";
    add("message_delta", {
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: tokens.output, output_tokens_details: { thinking_tokens: tokens.reasoning } },
    });
    add("message_stop", {});
    return frames;
  },
  error: (status, message) => ({
    type: "error",
    error: {
      type: status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "api_error",
      message,
    },
  }),
};

/** Stands for Anthropic's signature: it fits the thought that it came with, and no other. */
function sign(thought: string): string {
  return createHash("sha256").update(`fake model: ${thought}`).digest("base64");
}

function check(messages: Message[]): string | null {
  const open = new Set<string>();
  const seen = new Set<string>();
  let before: Message["role"] | null = null;
  for (const [at, message] of messages.filter(({ role }) => role !== "system").entries()) {
    if (at === 0 && message.role !== "user") return 'messages: first message must use the "user" role';
    if (message.role === before) return `messages.${at}: roles must alternate`;
    before = message.role;
    if (message.role === "user") {
      for (const part of message.content) {
        if (part.type === "tool_result" && !open.delete(part.tool_use_id))
          return `messages.${at}: unexpected tool_use_id`;
      }
      if (open.size > 0)
        return `messages.${at}: tool_use ids were found without tool_result blocks immediately after`;
      continue;
    }
    if (message.role !== "assistant") continue;
    for (const part of message.content) {
      if (part.type === "thinking" && part.signature !== sign(part.thinking))
        return `messages.${at}: Invalid signature in thinking block`;
      if (part.type !== "tool_use") continue;
      if (seen.has(part.id)) return `messages.${at}: tool_use ids must be unique`;
      seen.add(part.id);
      open.add(part.id);
    }
  }
  return open.size > 0 ? "tool_use ids were found without tool_result blocks" : null;
}

function outputOf({ content }: z.infer<typeof ToolResult>): string {
  if (content === undefined || typeof content === "string") return content ?? "";
  return content.map((part) => part.text ?? "").join("\n");
}
