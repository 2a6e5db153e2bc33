import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ModelApi, StreamFrame, StreamReply, TokenCount } from "./modelApi.ts";

const Text = z.looseObject({ text: z.string() });
const Message = z.looseObject({
  type: z.literal("message"),
  role: z.string(),
  content: z.array(z.unknown()),
});
const ToolOutput = z.looseObject({
  type: z.enum(["function_call_output", "custom_tool_call_output"]),
  output: z.unknown(),
});
const Request = z.looseObject({
  model: z.string(),
  instructions: z.string().optional(),
  tools: z.array(z.unknown()).default([]),
  input: z.array(z.unknown()),
});

/** OpenAI's Responses API, streamed, as Codex uses it. */
export const openaiResponses: ModelApi = {
  path: "/v1/responses",
  read(body) {
    const request = Request.safeParse(body);
    if (!request.success) return null;
    const { input, tools, instructions, model } = request.data;
    let userText = "";
    let toolOutputs: string[] = [];
    for (const item of input) {
      const message = Message.safeParse(item);
      if (message.success && message.data.role === "user") {
        userText = textOf(message.data.content);
        toolOutputs = [];
      }
      const output = ToolOutput.safeParse(item);
      if (output.success) toolOutputs.push(textOf(output.data.output));
    }
    return { model, userText, toolOutputs, prompt: JSON.stringify([instructions, tools, input]) };
  },
  stream(reply, tokens) {
    const id = `resp_${randomUUID()}`;
    const frames: { frame: StreamFrame; pauseMs: number }[] = [];
    const add = (type: string, data: Record<string, unknown>, pauseMs = 0) =>
      frames.push({ frame: { event: type, data: { type, ...data } }, pauseMs });

    add("response.created", { response: { id } });
    if (reply.kind === "stream_error") {
      add("response.failed", {
        response: { id, status: "failed", error: { code: "server_error", message: "the model broke down" } },
      });
      return frames;
    }
    if (reply.reasoning !== null) {
      const summary = [{ type: "summary_text", text: reply.reasoning }];
      add("response.output_item.done", { item: { type: "reasoning", id: `rs_${randomUUID()}`, summary } });
    }
    if (reply.kind === "text") addText(reply, add);
    else if (reply.kind === "calls")
      for (const { tool, json } of reply.calls) {
        const item = { type: "function_call", call_id: `call_${randomUUID()}`, name: tool, arguments: json };
        add("response.output_item.done", { item });
      }
    else add("response.output_item.done", { item: callOf(reply) });
    add("response.completed", { response: { id, usage: usageOf(tokens) } });
    return frames;
  },
  error: (status, message) => ({
    error: { message, type: status < 500 ? "invalid_request_error" : "server_error", code: null },
  }),
};

function addText(
  reply: Extract<StreamReply, { kind: "text" }>,
  add: (type: string, data: Record<string, unknown>, pauseMs?: number) => void,
): void {
  const item = { type: "message", role: "assistant", id: `msg_${randomUUID()}` };
  add("response.output_item.added", { output_index: 0, item: { ...item, content: [] } });
  const size = Math.max(1, Math.ceil(reply.text.length / reply.pieces));
  for (let i = 0; i < reply.pieces; i++) {
    const delta = reply.text.slice(i * size, (i + 1) * size);
    const where = { item_id: item.id, output_index: 0, content_index: 0 };
    add("response.output_text.delta", { ...where, delta }, reply.pauseMs);
  }
  add("response.output_item.done", {
    output_index: 0,
    item: { ...item, content: [{ type: "output_text", text: reply.text }] },
  });
}

function callOf(reply: Extract<StreamReply, { kind: "command" | "patch" }>) {
  const call_id = `call_${randomUUID()}`;
  if (reply.kind === "patch")
    return { type: "custom_tool_call", call_id, name: "apply_patch", input: reply.patch };
  const args = { cmd: reply.command, yield_time_ms: 30_000 };
  return { type: "function_call", call_id, name: "exec_command", arguments: JSON.stringify(args) };
}

function usageOf(tokens: TokenCount) {
  return {
    input_tokens: tokens.input,
    input_tokens_details: { cached_tokens: tokens.cached },
    output_tokens: tokens.output,
    output_tokens_details: { reasoning_tokens: tokens.reasoning },
    total_tokens: tokens.input + tokens.output,
  };
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => Text.safeParse(part))
    .flatMap((part) => (part.success ? [part.data.text] : []))
    .join("\n");
}
