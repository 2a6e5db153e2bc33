import * as z from "zod";

/** Tokens as Codex counts them: over the whole thread. Fields that an older version does not send are 0. */
const CodexUsage = z.object({
  input_tokens: z.number().int().min(0).default(0),
  cached_input_tokens: z.number().int().min(0).default(0),
  cache_write_input_tokens: z.number().int().min(0).default(0),
  output_tokens: z.number().int().min(0).default(0),
  reasoning_output_tokens: z.number().int().min(0).default(0),
});

const Status = z.enum(["in_progress", "completed", "failed", "declined"]);

/** The items of `codex exec --json` that we know. */
export const CodexItem = z.discriminatedUnion("type", [
  z.object({ type: z.literal("agent_message"), text: z.string() }),
  z.object({ type: z.literal("reasoning"), text: z.string() }),
  z.object({
    type: z.literal("command_execution"),
    command: z.string(),
    aggregated_output: z.string().default(""),
    exit_code: z.number().int().nullish(),
    status: Status,
  }),
  z.object({
    type: z.literal("file_change"),
    changes: z.array(z.object({ path: z.string(), kind: z.enum(["add", "update", "delete"]) })),
    status: Status,
  }),
  z.object({
    type: z.literal("mcp_tool_call"),
    server: z.string(),
    tool: z.string(),
    arguments: z.unknown().optional(),
    result: z
      .object({ content: z.array(z.unknown()).default([]), structured_content: z.unknown().optional() })
      .nullish()
      .catch(null),
    error: z.object({ message: z.string() }).nullish(),
    status: Status,
  }),
  z.object({
    type: z.literal("todo_list"),
    items: z.array(z.object({ text: z.string(), completed: z.boolean() })),
  }),
  z.object({ type: z.literal("web_search"), query: z.string() }),
  z.object({ type: z.literal("error"), message: z.string() }),
]);
export type CodexItem = z.infer<typeof CodexItem>;

/** A line of `codex exec --json`; its item is parsed on its own, since new kinds of items come with new versions. */
export const CodexLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thread.started"), thread_id: z.string().min(1).max(200) }),
  z.object({ type: z.literal("turn.started") }),
  z.object({ type: z.literal("turn.completed"), usage: CodexUsage.nullish().catch(null) }),
  z.object({ type: z.literal("turn.failed"), error: z.object({ message: z.string() }) }),
  z.object({ type: z.literal("item.started"), item: z.looseObject({}) }),
  z.object({ type: z.literal("item.updated"), item: z.looseObject({}) }),
  z.object({ type: z.literal("item.completed"), item: z.looseObject({}) }),
  z.object({ type: z.literal("error"), message: z.string() }),
]);
export type CodexLine = z.infer<typeof CodexLine>;
