import * as z from "zod";
import { Item, Usage } from "../../../protocol/events.ts";
import type { EventBody } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import type { Exit } from "../../../protocol/session.ts";
import { CodexItem, CodexLine } from "./codexLines.ts";
import { cutEnd, cutMiddle } from "./cutText.ts";

const OpenItem = z.object({ id: z.string(), item: Item });

/** Everything the translator must remember between two lines; small, since it is stored with every batch. */
export const TurnState = z.object({
  turn: z.number().int(),
  /** Begins the ids of this turn's items, since Codex counts them anew in every turn. */
  prefix: z.string(),
  /** Codex's id of the conversation; null until it says so. */
  thread: z.string().nullable(),
  /** Tokens of the thread so far, as Codex counts them; null when what came before this turn is not known. */
  total: Usage.nullable(),
  /** Lines read in this turn; names what has no id of its own. */
  lines: z.number().int(),
  started: z.boolean(),
  outcome: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("completed") }),
      z.object({ type: z.literal("failed"), message: z.string() }),
    ])
    .nullable(),
  lastError: z.string().nullable(),
  /** Items that began and did not end: they are closed when the process ends. */
  open: z.array(OpenItem),
});
export type TurnState = z.infer<typeof TurnState>;

/** What one input makes of the state, and the events that come of it. */
export type Step = { state: TurnState; events: EventBody[] };

/** How a codex process ended, as far as it is known. */
export type JobEnd = {
  code: number | null;
  signal: string | null;
  /** A person asked for it. */
  stopped: boolean;
  /** Why, in words, when the process said so elsewhere (stderr) or never ran. */
  reason: string | null;
};

const ZERO: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};
/** More open items than any real turn has; beyond it the oldest are no longer tracked. */
const MAX_OPEN_ITEMS = 64;
const MAX_REASON_BYTES = 1000;
const MAX_MESSAGE_BYTES = 8 * 1024;

export const NO_FINAL_EVENT = "the process died without a final event";

/**
 * Begins a turn with the person's prompt. `resume` names the thread it goes on with and what is known of its tokens.
 * `prefix` must be given where the turn's number may have been used before.
 */
export function startTurn(start: {
  turn: number;
  prefix?: string;
  prompt: string;
  resume: { thread: string; total: Usage | null } | null;
}): Step {
  const state: TurnState = {
    turn: start.turn,
    prefix: start.prefix ?? `t${start.turn}`,
    thread: start.resume?.thread ?? null,
    total: start.resume === null ? ZERO : start.resume.total,
    lines: 0,
    started: false,
    outcome: null,
    lastError: null,
    open: [],
  };
  return {
    state,
    events: [
      { type: "status", status: "working", reason: null },
      item(state, "prompt", { kind: "user_message", text: start.prompt }),
    ],
  };
}

/**
 * One line of `codex exec --json`. It never throws: what is not JSON, or not known, becomes an item that shows it.
 * `cut` is how many bytes of the line were already dropped because it was too long to hold.
 */
export function translateLine(before: TurnState, line: string, cut = 0): Step {
  if (cut === 0 && line.trim() === "") return { state: before, events: [] };
  const state = { ...before, lines: before.lines + 1 };
  if (cut > 0) return { state, events: [other(state, `line_${state.lines}`, "line too long", line, cut)] };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Not JSON: shown as it came.
    return { state, events: [other(state, `line_${state.lines}`, "output", line)] };
  }
  const parsed = CodexLine.safeParse(value);
  if (!parsed.success) {
    return { state, events: [other(state, `line_${state.lines}`, nameOf(value), line)] };
  }
  return translateKnown(state, parsed.data, line);
}

/** The end of the process, expected or not: closes what is open and says how it ended. */
export function endTurn(before: TurnState, end: JobEnd): Step {
  const state = { ...before, open: [] };
  const closing = before.open.map(({ id, item }): EventBody => ({
    type: "item",
    id,
    turn: state.turn,
    item: closed(item, before.outcome?.type === "completed"),
  }));
  const exit = (message: string | null): Exit => ({ code: end.code, signal: end.signal, message });

  if (before.outcome?.type === "completed" && (end.code === 0 || end.code === null || end.stopped)) {
    return { state, events: [...closing, { type: "ended", status: "done", exit: exit(null) }] };
  }
  const why = cutEnd(whyItEnded(before, end), MAX_REASON_BYTES);
  return {
    state,
    events: [
      ...closing,
      ...(before.outcome === null ? [{ type: "turn_failed" as const, turn: state.turn, message: why }] : []),
      {
        type: "ended",
        status: end.stopped && before.outcome?.type !== "failed" ? "done" : "trouble",
        exit: exit(why),
      },
    ],
  };
}

function whyItEnded(state: TurnState, end: JobEnd): string {
  if (state.outcome?.type === "failed") return state.outcome.message;
  if (end.stopped) return "stopped";
  if (state.outcome?.type === "completed") return `ended with code ${end.code} after its turn was completed`;
  if (end.reason !== null) return end.reason;
  const how = end.signal ?? (end.code === null || end.code === 0 ? null : `code ${end.code}`);
  const said = state.lastError === null ? "" : `: ${state.lastError}`;
  return `${NO_FINAL_EVENT}${how === null ? "" : ` (${how})`}${said}`;
}

function translateKnown(state: TurnState, line: CodexLine, raw: string): Step {
  switch (line.type) {
    case "thread.started":
      // Another thread than the one that was asked for: its tokens so far are not known.
      return {
        state: {
          ...state,
          thread: line.thread_id,
          total: state.thread === null || state.thread === line.thread_id ? state.total : null,
        },
        events: [],
      };
    case "turn.started":
      if (state.started) return { state: { ...state, outcome: null }, events: [] };
      return {
        state: { ...state, started: true },
        events: [{ type: "turn_started", turn: state.turn, thread: state.thread }],
      };
    case "turn.completed": {
      const total = line.usage ?? null;
      const usage = total === null ? null : usageOfTurn(total, state.total);
      return {
        state: { ...state, total: total ?? state.total, outcome: { type: "completed" } },
        events: [{ type: "turn_completed", turn: state.turn, usage }],
      };
    }
    case "turn.failed": {
      const message = cutEnd(inWords(line.error.message), MAX_MESSAGE_BYTES);
      return {
        state: { ...state, outcome: { type: "failed", message: cutEnd(message, MAX_REASON_BYTES) } },
        events: [{ type: "turn_failed", turn: state.turn, message }],
      };
    }
    case "error": {
      const message = cutEnd(inWords(line.message), MAX_MESSAGE_BYTES);
      const retries = message.startsWith("Reconnecting");
      return {
        state: { ...state, lastError: cutEnd(message, MAX_REASON_BYTES) },
        events: [{ type: "notice", level: retries ? "warning" : "error", message }],
      };
    }
    case "item.started":
    case "item.updated":
    case "item.completed":
      return translateItem(state, line.type, line.item, raw);
  }
}

function translateItem(state: TurnState, phase: string, value: Record<string, unknown>, raw: string): Step {
  const ownId = typeof value["id"] === "string" && value["id"] !== "" ? value["id"].slice(0, 100) : null;
  const id = ownId ?? `line_${state.lines}`;
  const parsed = CodexItem.safeParse(value);
  if (!parsed.success) {
    const name = typeof value["type"] === "string" ? value["type"] : phase;
    return { state, events: [other(state, id, name, raw)] };
  }
  const event = item(state, id, toItem(parsed.data));
  const others = state.open.filter((open) => open.id !== event.id);
  const open =
    "status" in event.item && event.item.status === "in_progress" && phase !== "item.completed"
      ? [...others, { id: event.id, item: slim(event.item) }].slice(-MAX_OPEN_ITEMS)
      : others;
  return {
    state: open.length === 0 && state.open.length === 0 ? state : { ...state, open },
    events: [event],
  };
}

/** An item of Codex's, as all agents' items are told. */
export function toItem(from: CodexItem): Item {
  switch (from.type) {
    case "agent_message":
      return { kind: "message", text: from.text };
    case "reasoning":
      return { kind: "reasoning", text: from.text };
    case "command_execution": {
      const output = cutMiddle(from.aggregated_output, MAX_OUTPUT_BYTES);
      return {
        kind: "command",
        command: from.command,
        output: output.text,
        output_cut: output.cut,
        exit_code: from.exit_code ?? null,
        status: from.status,
      };
    }
    case "file_change":
      return {
        kind: "file_change",
        changes: from.changes.map(({ path, kind }) => ({ path, change: kind })),
        status: from.status,
      };
    case "mcp_tool_call":
      return {
        kind: "tool",
        name: `${from.server}.${from.tool}`,
        input: cutMiddle(json(from.arguments), MAX_OUTPUT_BYTES).text,
        output: from.result ? cutMiddle(toolOutput(from.result), MAX_OUTPUT_BYTES).text : null,
        error: from.error ? cutEnd(from.error.message, MAX_MESSAGE_BYTES) : null,
        status: from.status,
      };
    case "todo_list":
      return { kind: "plan", steps: from.items.map(({ text, completed }) => ({ text, done: completed })) };
    case "web_search":
      return { kind: "web_search", query: from.query };
    case "error":
      return { kind: "warning", text: from.message };
  }
}

function toolOutput(result: { content: unknown[]; structured_content?: unknown }): string {
  const parts = result.content.map((part) => {
    const text = z.object({ type: z.literal("text"), text: z.string() }).safeParse(part);
    return text.success ? text.data.text : json(part);
  });
  if (parts.length === 0 && result.structured_content != null) return json(result.structured_content);
  return parts.join("\n");
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

function item(state: TurnState, id: string, item: Item): Extract<EventBody, { type: "item" }> {
  return { type: "item", id: `${state.prefix}.${id}`, turn: state.turn, item };
}

function other(state: TurnState, id: string, name: string, raw: string, cut = 0): EventBody {
  return item(state, id, {
    kind: "other",
    name: name.slice(0, 100),
    json: cutEnd(raw, MAX_OUTPUT_BYTES, cut),
  });
}

function nameOf(value: unknown): string {
  const named = z.object({ type: z.string() }).safeParse(value);
  return named.success ? named.data.type : "output";
}

/** An open item without what can be large: only what is needed to show it closed. */
export function slim(item: Item): Item {
  switch (item.kind) {
    case "command":
      return { ...item, command: cutEnd(item.command, MAX_MESSAGE_BYTES) };
    case "tool":
      return { ...item, input: cutEnd(item.input, MAX_MESSAGE_BYTES) };
    case "file_change":
      return { ...item, changes: item.changes.slice(0, 100) };
    default:
      return item;
  }
}

/** An item that began, after its turn has ended. */
export function closed(item: Item, well: boolean): Item {
  return "status" in item ? { ...item, status: well ? "completed" : "failed" } : item;
}

/** Tokens of a turn: Codex counts over the thread. A count that went down started anew. */
export function usageOfTurn(total: Usage, before: Usage | null): Usage | null {
  if (before === null) return null;
  const usage: Usage = {
    input_tokens: total.input_tokens - before.input_tokens,
    cached_input_tokens: total.cached_input_tokens - before.cached_input_tokens,
    cache_write_input_tokens: total.cache_write_input_tokens - before.cache_write_input_tokens,
    output_tokens: total.output_tokens - before.output_tokens,
    reasoning_output_tokens: total.reasoning_output_tokens - before.reasoning_output_tokens,
  };
  return Object.values(usage).some((tokens) => tokens < 0) ? total : usage;
}

/** Codex passes a model server's error on as JSON text; people want its sentence. */
export function inWords(message: string): string {
  if (!message.startsWith("{")) return message;
  try {
    const parsed = z
      .object({ error: z.object({ message: z.string().min(1) }) })
      .safeParse(JSON.parse(message));
    return parsed.success ? parsed.data.error.message : message;
  } catch {
    return message; // it only began like JSON
  }
}
