import * as z from "zod";
import type { Item } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { CodexItem } from "../codex/codexLines.ts";
import { cutEnd } from "../codex/cutText.ts";
import { toItem } from "../codex/translate.ts";

const Status = z
  .enum(["inProgress", "completed", "failed", "declined"])
  .transform((status) => (status === "inProgress" ? "in_progress" : status));
const Said = z.looseObject({ type: z.string(), text: z.string().optional() });

/** The app server's items that `codex exec` has too, in its words. */
const KnownItem = z.discriminatedUnion("type", [
  z
    .looseObject({ type: z.literal("agentMessage"), text: z.string() })
    .transform(({ text }) => ({ type: "agent_message" as const, text })),
  z
    .looseObject({ type: z.literal("reasoning"), summary: z.array(z.string()).default([]) })
    .transform(({ summary }) => ({ type: "reasoning" as const, text: summary.join("\n\n") })),
  z
    .looseObject({
      type: z.literal("commandExecution"),
      command: z.string(),
      aggregatedOutput: z.string().nullish(),
      exitCode: z.number().int().nullish(),
      status: Status,
    })
    .transform(({ command, aggregatedOutput, exitCode, status }) => ({
      type: "command_execution" as const,
      command,
      aggregated_output: aggregatedOutput ?? "",
      exit_code: exitCode,
      status,
    })),
  z
    .looseObject({
      type: z.literal("fileChange"),
      changes: z.array(
        z.looseObject({
          path: z.string(),
          kind: z.looseObject({ type: z.enum(["add", "update", "delete"]) }),
        }),
      ),
      status: Status,
    })
    .transform(({ changes, status }) => ({
      type: "file_change" as const,
      changes: changes.map(({ path, kind }) => ({ path, kind: kind.type })),
      status,
    })),
  z
    .looseObject({
      type: z.literal("mcpToolCall"),
      server: z.string(),
      tool: z.string(),
      arguments: z.unknown().optional(),
      result: z
        .looseObject({ content: z.array(z.unknown()).default([]), structuredContent: z.unknown().optional() })
        .nullish()
        .catch(null),
      error: z.looseObject({ message: z.string() }).nullish(),
      status: Status,
    })
    .transform(({ server, tool, result, error, status, ...rest }) => ({
      type: "mcp_tool_call" as const,
      server,
      tool,
      arguments: rest.arguments,
      result: result ? { content: result.content, structured_content: result.structuredContent } : null,
      error,
      status,
    })),
  z
    .looseObject({ type: z.literal("webSearch"), query: z.string() })
    .transform(({ query }) => ({ type: "web_search" as const, query })),
]);

const UserMessage = z.looseObject({ type: z.literal("userMessage"), content: z.array(Said) });

/** An item of a live conversation; null for one that has nothing to say (yet). A kind that is not known is shown as it came. */
export function liveItem(value: { id: string; type: string }): Item | null {
  const person = UserMessage.safeParse(value);
  if (person.success)
    return {
      kind: "user_message",
      text: person.data.content.map((part) => part.text ?? `[${part.type}]`).join("\n"),
    };
  const known = KnownItem.safeParse(value);
  if (!known.success)
    return {
      kind: "other",
      name: value.type.slice(0, 100),
      json: cutEnd(JSON.stringify(value), MAX_OUTPUT_BYTES),
    };
  const item = toItem(CodexItem.parse(known.data));
  return (item.kind === "message" || item.kind === "reasoning") && item.text === "" ? null : item;
}
