import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ModelApi, StreamFrame, StreamReply, TokenCount } from "./modelApi.ts";

const Text = z.looseObject({ text: z.string() });
const Part = z.looseObject({ type: z.string() });
const Message = z.looseObject({
  type: z.literal("message").optional(),
  role: z.string(),
  content: z.array(z.unknown()),
});
/** As servers do, it refuses what is no picture: what begins with zeros is none. */
const Image = z.looseObject({
  type: z.literal("input_image"),
  image_url: z.string().regex(/^data:image\/(?:png|jpeg|gif|webp);base64,(?!AAAA)[A-Za-z0-9+/]+=*$/),
});
const ToolOutput = z.looseObject({
  type: z.enum(["function_call_output", "custom_tool_call_output"]),
  output: z.unknown(),
});
const Item = z.looseObject({
  type: z.string().optional(),
  call_id: z.string().optional(),
  encrypted_content: z.string().nullish(),
});
const Request = z.looseObject({
  model: z.string(),
  store: z.boolean().optional(),
  instructions: z.string().optional(),
  tools: z.array(z.unknown()).default([]),
  input: z.array(z.unknown()),
});

/** OpenAI's Responses API, streamed, as Codex and chats use it. */
export const openaiResponses: ModelApi = {
  path: "/v1/responses",
  read(body) {
    const request = Request.safeParse(body);
    if (!request.success) return null;
    const { input, tools, instructions, model, store } = request.data;
    const refused = refusalOf(input, store !== false);
    if (refused !== null) return { refused };
    let userText = "";
    let toolOutputs: string[] = [];
    for (const item of input) {
      const message = Message.safeParse(item);
      if (message.success && message.data.role === "user") {
        const images = message.data.content.filter((part) => Part.parse(part).type === "input_image");
        if (images.some((part) => !Image.safeParse(part).success))
          return { refused: "The image data you provided does not represent a valid image." };
        userText = textOf(message.data.content);
        toolOutputs = [];
      }
      const output = ToolOutput.safeParse(item);
      if (output.success) toolOutputs.push(textOf(output.data.output));
    }
    return { model, userText, toolOutputs, prompt: JSON.stringify([instructions, tools, input]) };
  },
  stream(reply, tokens, ask) {
    const id = `resp_${randomUUID()}`;
    const frames: { frame: StreamFrame; pauseMs: number }[] = [];
    const add = (type: string, data: Record<string, unknown>, pauseMs = 0) =>
      frames.push({ frame: { event: type, data: { type, ...data } }, pauseMs });

    add("response.created", { response: { id, created_at: 1, model: ask.model } });
    if (reply.kind === "stream_error") {
      add("response.failed", {
        response: { id, status: "failed", error: { code: "server_error", message: "the model broke down" } },
      });
      return frames;
    }
    if (reply.reasoning !== null) {
      const text = reply.reasoning;
      const item = { type: "reasoning", id: `rs_${randomUUID()}`, encrypted_content: `sealed(${text})` };
      const where = { item_id: item.id, output_index: 0, summary_index: 0 };
      add("response.output_item.added", { output_index: 0, item: { ...item, summary: [] } });
      add("response.reasoning_summary_part.added", { ...where, part: { type: "summary_text", text: "" } });
      add("response.reasoning_summary_text.delta", { ...where, delta: text });
      add("response.reasoning_summary_part.done", { ...where, part: { type: "summary_text", text } });
      const summary = [{ type: "summary_text", text }];
      add("response.output_item.done", { output_index: 0, item: { ...item, summary } });
    }
    const output_index = reply.reasoning === null ? 0 : 1;
    if (reply.kind === "text") addText(reply, output_index, add);
    else if (reply.kind === "calls")
      for (const [index, { tool, json }] of reply.calls.entries()) {
        const id = `fc_${randomUUID()}`;
        const where = { item_id: id, output_index: output_index + index };
        const item = { type: "function_call", id, call_id: `call_${randomUUID()}`, name: tool };
        add("response.output_item.added", { ...where, item: { ...item, arguments: "" } });
        add("response.function_call_arguments.delta", { ...where, delta: json });
        add("response.output_item.done", {
          ...where,
          item: { ...item, arguments: json, status: "completed" },
        });
      }
    else add("response.output_item.done", { item: callOf(reply) });
    add("response.completed", { response: { id, usage: usageOf(tokens) } });
    return frames;
  },
  error: (status, message) => ({
    error: { message, type: status < 500 ? "invalid_request_error" : "server_error", code: null },
  }),
};

/** What the API refuses: what it was not asked to keep, a result without its call, a call without its result. */
function refusalOf(input: unknown[], stored: boolean): string | null {
  const calls = new Set<string>();
  const results = new Set<string>();
  for (const each of input) {
    const item = Item.safeParse(each);
    if (!item.success) continue;
    const { type, call_id, encrypted_content } = item.data;
    if (!stored && type === "item_reference") return "Items are not persisted when `store` is set to false.";
    if (!stored && type === "reasoning" && !encrypted_content) return "A reasoning item has no content.";
    if (call_id === undefined) continue;
    if (type?.endsWith("_call")) calls.add(call_id);
    if (!type?.endsWith("_call_output")) continue;
    if (calls.size > 0 && !calls.has(call_id)) return `No tool call found for ${call_id}.`;
    results.add(call_id);
  }
  const open = [...calls].find((id) => !results.has(id));
  return open === undefined ? null : `No tool output found for ${open}.`;
}

function addText(
  reply: Extract<StreamReply, { kind: "text" }>,
  output_index: number,
  add: (type: string, data: Record<string, unknown>, pauseMs?: number) => void,
): void {
  const item = { type: "message", role: "assistant", id: `msg_${randomUUID()}` };
  add("response.output_item.added", { output_index, item: { ...item, content: [] } });
  const size = Math.max(1, Math.ceil(reply.text.length / reply.pieces));
  for (let i = 0; i < reply.pieces; i++) {
    const delta = reply.text.slice(i * size, (i + 1) * size);
    const where = { item_id: item.id, output_index, content_index: 0 };
    add("response.output_text.delta", { ...where, delta }, reply.pauseMs);
  }
  add("response.output_item.done", {
    output_index,
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
