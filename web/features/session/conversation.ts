import { readEvent, type Item, type Usage } from "../../../protocol/events.ts";
import type { LogEvent } from "../../shared/live/sessionState.ts";

/** One card or line of a conversation, in the order in which it first appeared. */
export type Entry =
  | { kind: "item"; key: string; at: number; turn: number; item: Item }
  | {
      kind: "turn";
      key: string;
      at: number;
      turn: number;
      state: "running" | "done" | "error";
      usage: Usage | null;
      message: string | null;
      startedAt: number | null;
    }
  | { kind: "notice"; key: string; at: number; level: "info" | "warning" | "error"; text: string };

/**
 * The conversation that a stretch of the log tells: the same item id in the same turn is the same card as it changes, and a turn is
 * one line at its end, which says how it went.
 */
export function conversation(events: readonly LogEvent[]): Entry[] {
  const entries: Entry[] = [];
  const cards = new Map<string, number>();
  /** The running turn: it stands last, and becomes its closing line. */
  let running: { turn: number; at: number } | null = null;

  const close = (
    turn: number,
    at: number,
    state: "done" | "error",
    usage: Usage | null,
    message: string | null,
  ): void => {
    const startedAt = running?.turn === turn ? running.at : null;
    entries.push({ kind: "turn", key: `turn-${turn}-${at}`, at, turn, state, usage, message, startedAt });
    running = null;
  };

  for (const raw of events) {
    const event = readEvent(raw);
    if (event === null) {
      entries.push({
        kind: "notice",
        key: `seq-${raw.seq}`,
        at: raw.at,
        level: "info",
        text: `Something this page does not know yet: ${raw.type}`,
      });
      continue;
    }
    const { at, seq } = event;
    switch (event.type) {
      case "turn_started":
        running = { turn: event.turn, at };
        break;
      case "turn_completed":
        close(event.turn, at, "done", event.usage, null);
        break;
      case "turn_failed":
        close(event.turn, at, "error", null, event.message);
        break;
      case "item": {
        const key = `item-${event.turn}-${event.id}`;
        const known = cards.get(key);
        const first = known === undefined ? undefined : entries[known];
        if (known !== undefined && first !== undefined) {
          entries[known] = { kind: "item", key, at: first.at, turn: event.turn, item: event.item };
        } else {
          cards.set(key, entries.length);
          entries.push({ kind: "item", key, at, turn: event.turn, item: event.item });
        }
        break;
      }
      case "notice":
        entries.push({ kind: "notice", key: `seq-${seq}`, at, level: event.level, text: event.message });
        break;
      case "gap":
        entries.push({
          kind: "notice",
          key: `seq-${seq}`,
          at,
          level: "warning",
          text: `${event.lost} event${event.lost === 1 ? " was" : "s were"} lost on the host: ${event.reason}`,
        });
        break;
      case "ended":
        // A turn that nobody closed ended with its process.
        if (running !== null) {
          const words =
            event.exit.message ??
            (event.exit.signal === null
              ? `exit ${event.exit.code ?? "unknown"}`
              : `ended by ${event.exit.signal}`);
          close(
            running.turn,
            at,
            event.status === "done" ? "done" : "error",
            null,
            event.status === "done" ? null : words,
          );
        }
        break;
      case "created":
      case "renamed":
      case "status":
      case "command":
      case "command_result":
        break;
    }
  }
  if (running !== null) {
    const { turn, at }: { turn: number; at: number } = running;
    entries.push({
      kind: "turn",
      key: `turn-${turn}-running`,
      at,
      turn,
      state: "running",
      usage: null,
      message: null,
      startedAt: at,
    });
  }
  return entries;
}

/** Tokens of all turns that are here. */
export function totalUsage(entries: readonly Entry[]): Usage | null {
  const all = entries.flatMap((entry) =>
    entry.kind === "turn" && entry.usage !== null ? [entry.usage] : [],
  );
  if (all.length === 0) return null;
  return all.reduce((sum, each) => ({
    input_tokens: sum.input_tokens + each.input_tokens,
    cached_input_tokens: sum.cached_input_tokens + each.cached_input_tokens,
    cache_write_input_tokens: sum.cache_write_input_tokens + each.cache_write_input_tokens,
    output_tokens: sum.output_tokens + each.output_tokens,
    reasoning_output_tokens: sum.reasoning_output_tokens + each.reasoning_output_tokens,
  }));
}
