import type { CallState, Item } from "../../../protocol/events.ts";
import type { Span, SpanOutcome } from "../../../protocol/traces.ts";

/** What an item says of the span of a tool, its texts as they are; `outcome` null while it runs. */
export type ToolFacts = Pick<Span, "name" | "output" | "error" | "outcome"> & { input: string };

const CALLS: Record<CallState, SpanOutcome | null> = {
  proposed: null,
  waiting: null,
  dispatched: null,
  completed: "ok",
  failed: "failed",
  denied: "denied",
  expired: "expired",
  indeterminate: "indeterminate",
  cancelled: "cancelled",
};
const ITEMS = { in_progress: null, completed: "ok", failed: "failed", declined: "denied" } as const;

/** The tool at work behind an item; null for items that are none. */
export function toolOfItem(item: Item): ToolFacts | null {
  switch (item.kind) {
    case "call":
      return {
        name: item.tool,
        input: item.input,
        output: item.output,
        error: item.error,
        outcome: CALLS[item.state],
      };
    case "question":
      return {
        name: "ask_user",
        input: item.question,
        output: item.answer,
        error: null,
        outcome: item.answer === null ? null : "ok",
      };
    case "command":
      return {
        name: "command",
        input: item.command,
        output: item.output,
        error: item.exit_code === null || item.exit_code === 0 ? null : `exit ${item.exit_code}`,
        outcome: ITEMS[item.status],
      };
    case "file_change":
      return {
        name: "file_change",
        input: item.changes.map(({ change, path }) => `${change} ${path}`).join("\n"),
        output: null,
        error: null,
        outcome: ITEMS[item.status],
      };
    case "tool":
      return {
        name: item.name,
        input: item.input,
        output: item.output,
        error: item.error,
        outcome: ITEMS[item.status],
      };
    default:
      return null;
  }
}
