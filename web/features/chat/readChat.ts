import type { QueuedMessage } from "../../../protocol/api.ts";
import type { Approval, Grant } from "../../../protocol/approvals.ts";
import { readEvent, type Item, type SessionEvent, type Usage } from "../../../protocol/events.ts";
import type { Exit } from "../../../protocol/session.ts";
import { partKey, type LogEvent, type Part } from "../../shared/live/sessionState.ts";

export type TurnState = "running" | "done" | "error" | "stopped";

/** One card or line of a chat, in the order in which it first appeared. */
export type ChatEntry =
  | {
      kind: "item";
      key: string;
      at: number;
      /** The event that said it last; 0 when the log has none yet. */
      seq: number;
      turn: number;
      id: string;
      item: Item;
      growing: boolean;
    }
  | {
      kind: "turn";
      key: string;
      at: number;
      turn: number;
      state: TurnState;
      model: string | null;
      usage: Usage | null;
      /** Why it failed. */
      message: string | null;
      /** Who stopped it. */
      by: string | null;
      startedAt: number | null;
      calls: number;
    }
  | { kind: "notice"; key: string; at: number; level: "info" | "warning" | "error"; text: string };

/** What a stretch of a chat's log tells. */
export type Chat = {
  entries: ChatEntry[];
  /** The newest state of each approval, by id. */
  approvals: ReadonlyMap<string, Approval>;
  /** Messages that wait, in order. */
  queue: QueuedMessage[];
  /** The turn that runs. */
  running: { turn: number; at: number } | null;
};

/** What tells the entry of an item apart. */
export function itemKey(turn: number, id: string): string {
  return `item ${partKey(turn, id)}`;
}

/** Events are parsed once, however often the log is read again. */
const parsed = new WeakMap<LogEvent, SessionEvent | "unknown">();

function read(raw: LogEvent): SessionEvent | "unknown" {
  const known = parsed.get(raw);
  if (known !== undefined) return known;
  const event = readEvent(raw) ?? "unknown";
  parsed.set(raw, event);
  return event;
}

/**
 * Reads a log as a chat: the same item is the same card as it changes, a turn is one line at its end, and a message waits from when
 * it was queued until it is taken or removed. `queued`: messages that wait from before the first event that is here.
 */
export function readChat(events: readonly LogEvent[], queued: readonly QueuedMessage[] = []): Chat {
  const entries: ChatEntry[] = [];
  const cards = new Map<string, number>();
  const approvals = new Map<string, Approval>();
  const queue = new Map(queued.map((message) => [message.id, message]));
  const turns = new Map<number, { at: number; model: string | null; calls: Set<string> }>();
  let running: Chat["running"] = null;

  const notice = (seq: number, at: number, level: "info" | "warning" | "error", text: string): void => {
    entries.push({ kind: "notice", key: `seq ${seq}`, at, level, text });
  };
  const close = (
    turn: number,
    at: number,
    end: Pick<TurnEntry, "state" | "usage" | "message" | "by">,
  ): void => {
    const started = turns.get(turn);
    if (running?.turn === turn) running = null;
    entries.push({
      kind: "turn",
      key: `turn ${turn}`,
      at,
      turn,
      model: started?.model ?? null,
      startedAt: started?.at ?? null,
      calls: started?.calls.size ?? 0,
      ...end,
    });
  };

  for (const raw of events) {
    const event = read(raw);
    if (event === "unknown") {
      notice(raw.seq, raw.at, "info", `Something this page does not know yet: ${raw.type}`);
      continue;
    }
    const { at, seq } = event;
    switch (event.type) {
      case "turn_started":
        turns.set(event.turn, { at, model: event.model ?? null, calls: new Set() });
        running = { turn: event.turn, at };
        break;
      case "turn_completed":
        close(event.turn, at, { state: "done", usage: event.usage, message: null, by: null });
        break;
      case "turn_failed":
        close(event.turn, at, { state: "error", usage: null, message: event.message, by: null });
        break;
      case "turn_cancelled":
        close(event.turn, at, { state: "stopped", usage: null, message: null, by: event.by });
        break;
      case "item": {
        const key = itemKey(event.turn, event.id);
        const place = cards.get(key);
        const first = place === undefined ? undefined : entries[place];
        if (event.item.kind === "call") turns.get(event.turn)?.calls.add(event.id);
        const entry: ChatEntry = {
          kind: "item",
          key,
          at: first?.at ?? at,
          seq,
          turn: event.turn,
          id: event.id,
          item: event.item,
          growing: false,
        };
        if (place === undefined) cards.set(key, entries.push(entry) - 1);
        else entries[place] = entry;
        break;
      }
      case "approval":
        approvals.set(event.approval.id, event.approval);
        break;
      case "queued":
        if (event.state === "removed" || event.state === "taken") queue.delete(event.id);
        else
          queue.set(event.id, {
            created_at: at,
            ...queue.get(event.id),
            id: event.id,
            text: event.text,
            by: event.by,
            ...(event.attachments === undefined ? {} : { attachments: event.attachments }),
            steer: event.steer ?? false,
          });
        break;
      case "model": {
        const effort = event.effort === null ? "" : `, effort ${event.effort}`;
        notice(seq, at, "info", `${event.by} chose the model ${event.model}${effort}`);
        break;
      }
      case "hopped":
        notice(seq, at, "info", `Works on ${event.host_name} in ${event.workspace} now`);
        break;
      case "grant":
        notice(seq, at, "info", grantWords(event.grant, event.state, event.by));
        break;
      case "background":
        // Its beginning is a call's card.
        if (event.exit !== null)
          notice(seq, at, "info", `In the background, ${event.summary} has ended${endWords(event.exit)}`);
        break;
      case "notice":
        notice(seq, at, event.level, event.message);
        break;
      case "gap":
        notice(
          seq,
          at,
          "warning",
          `${event.lost} event${event.lost === 1 ? " was" : "s were"} lost on the host: ${event.reason}`,
        );
        break;
      case "created":
      case "renamed":
      case "status":
      case "ended":
      case "command":
      case "command_result":
        break;
    }
  }
  return { entries: entries.filter(saysSomething), approvals, queue: [...queue.values()], running };
}

/** False for what an attempt had begun to say that does not count. */
function saysSomething(entry: ChatEntry): boolean {
  if (entry.kind !== "item") return true;
  return (entry.item.kind !== "message" && entry.item.kind !== "reasoning") || entry.item.text !== "";
}

type TurnEntry = Extract<ChatEntry, { kind: "turn" }>;

function endWords({ code, signal, message }: Exit): string {
  if (message !== null) return `: ${message}`;
  return signal === null ? ` with code ${code}` : ` by ${signal}`;
}

const GRANTED = { given: "allowed", revoked: "no longer allows", expired: "" } as const;

function grantWords({ scope }: Grant, state: "given" | "revoked" | "expired", by: string): string {
  const what = scope.replaceAll("_", " ");
  if (state === "expired") return `The grant for “${what}” in this session has ended`;
  return `${by} ${GRANTED[state]} “${what}” in this session`;
}

/** The entries with what is still growing, and the running turn as the last line. */
export function withParts(chat: Chat, parts: ReadonlyMap<string, Part>): ChatEntry[] {
  const { running } = chat;
  if (parts.size === 0 && running === null) return chat.entries;
  const left = new Map([...parts].map(([key, part]) => [`item ${key}`, part]));
  const entries = chat.entries.map((entry): ChatEntry => {
    const part = left.get(entry.key);
    if (part === undefined || entry.kind !== "item") return entry;
    left.delete(entry.key);
    const item = grown(entry.item, part);
    return item === null ? entry : { ...entry, item, growing: true };
  });
  for (const [key, part] of left) {
    const item = grown(null, part);
    if (item === null) continue; // the output of a call that is not here
    const { id, turn } = part;
    entries.push({ kind: "item", key, at: running?.at ?? 0, seq: 0, turn, id, item, growing: true });
  }
  if (running !== null)
    entries.push({
      kind: "turn",
      key: `turn ${running.turn}`,
      at: running.at,
      turn: running.turn,
      state: "running",
      model: null,
      usage: null,
      message: null,
      by: null,
      startedAt: running.at,
      calls: 0,
    });
  return entries;
}

/** An item with what is here of it so far: a call keeps its head, and gets its output. */
function grown(item: Item | null, { kind, text }: Part): Item | null {
  if (kind !== "output") return { kind, text };
  return item?.kind === "call" ? { ...item, output: text } : null;
}

/** Whether two entries look the same, so that a card is drawn again only when it changed. */
export function sameEntry(a: ChatEntry, b: ChatEntry): boolean {
  if (a === b) return true;
  if (a.kind === "item" && b.kind === "item")
    return (
      a.key === b.key &&
      a.growing === b.growing &&
      (a.item === b.item || (a.growing && a.item.kind === b.item.kind && textOf(a.item) === textOf(b.item)))
    );
  if (a.kind === "turn" && b.kind === "turn") return a.key === b.key && a.state === b.state && a.at === b.at;
  return a.kind === "notice" && b.kind === "notice" && a.key === b.key && a.text === b.text;
}

/** What grows in an item. */
function textOf(item: Item): string | null {
  if (item.kind === "call") return item.output;
  return "text" in item ? item.text : null;
}
