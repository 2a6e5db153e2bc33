import * as z from "zod";
import { type EventBody, Item, Usage } from "../../../protocol/events.ts";
import { cutEnd } from "../codex/cutText.ts";
import { closed, inWords, slim, usageOfTurn } from "../codex/translate.ts";
import type { Notification, Turn } from "./appServerWire.ts";
import { liveItem } from "./liveItem.ts";

/** What must be remembered of a conversation from one message of the app server to the next. */
export const ThreadState = z.object({
  /** The session's turns so far. */
  turn: z.number().int(),
  /** The turn that was told last, and whether it has ended: turns' ids grow with time. */
  last: z.object({ id: z.string(), ended: z.boolean() }).nullable(),
  /** Items of that turn that are told whole. */
  told: z.array(z.string()),
  /** Those that began and have not ended. */
  open: z.array(z.object({ id: z.string(), item: Item })),
  /** Tokens of the conversation so far, and before this turn; null when that is not known. */
  total: Usage.nullable(),
  before: Usage.nullable(),
});
export type ThreadState = z.infer<typeof ThreadState>;
export type ThreadStep = { state: ThreadState; events: EventBody[] };

const MAX_MESSAGE_BYTES = 8 * 1024;
const NO_TOKENS: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};

/** The state before the first turn, after `turn` turns of the session. `fresh`: nothing was said in it yet. */
export function startThread(turn: number, fresh: boolean): ThreadState {
  return { turn, last: null, told: [], open: [], total: fresh ? NO_TOKENS : null, before: null };
}

/**
 * The events of a notification. What was told before is not told again: the same turns may come from the conversation's
 * pages and as they happen.
 */
export function translateThread(before: ThreadState, told: Notification): ThreadStep {
  const step: ThreadStep = { state: structuredClone(before), events: [] };
  switch (told.method) {
    case "turn/started":
      begin(step, told.params.threadId, told.params.turn.id);
      break;
    case "item/started":
    case "item/completed": {
      const { threadId, turnId, item } = told.params;
      if (begin(step, threadId, turnId)) add(step, item, told.method === "item/completed");
      break;
    }
    case "thread/tokenUsage/updated":
      step.state.total = usageOf(told.params.tokenUsage.total);
      break;
    case "error": {
      const { error, willRetry } = told.params;
      const message = cutEnd(inWords(error.message), MAX_MESSAGE_BYTES);
      step.events.push({ type: "notice", level: willRetry ? "warning" : "error", message });
      break;
    }
    case "turn/completed":
      if (begin(step, told.params.threadId, told.params.turn.id)) end(step, told.params.turn);
      break;
    default:
      break;
  }
  return step;
}

/** A conversation as the app server has it, oldest turn first: tells what has not been told. */
export function catchUp(before: ThreadState, thread: string, turns: readonly Turn[]): ThreadStep {
  const step: ThreadStep = { state: structuredClone(before), events: [] };
  for (const turn of turns) {
    const isNew = step.state.last === null || turn.id > step.state.last.id;
    if (!begin(step, thread, turn.id)) continue;
    const running = turn.status === "inProgress";
    for (const item of turn.items) add(step, item, !running || !isOpen(item));
    if (running) continue;
    // What a turn used that went by unseen is not known.
    if (isNew) step.state.total = null;
    end(step, turn);
  }
  return step;
}

function isOpen(item: Turn["items"][number]): boolean {
  return item["status"] === "inProgress" || item["completedAtMs"] === null;
}

/** Begins the turn if it is new; false when it has ended. */
function begin({ state, events }: ThreadStep, thread: string, id: string): boolean {
  const { last } = state;
  if (last !== null && id <= last.id) return id === last.id && !last.ended;
  if (last !== null && !last.ended) fail({ state, events }, "Its end was not told.");
  state.turn++;
  state.last = { id, ended: false };
  state.told = [];
  state.before = state.total;
  events.push({ type: "turn_started", turn: state.turn, thread });
  return true;
}

function add({ state, events }: ThreadStep, value: Turn["items"][number], whole: boolean): void {
  if (state.told.includes(value.id)) return;
  const wasOpen = state.open.some(({ id }) => id === value.id);
  if (!whole && wasOpen) return;
  const item = liveItem(value);
  // A person's words and a model's come whole; what runs is shown while it does.
  if (item === null || (!whole && !("status" in item))) return;
  state.open = state.open.filter(({ id }) => id !== value.id);
  if (whole) state.told.push(value.id);
  else state.open.push({ id: value.id, item: slim(item) });
  events.push({ type: "item", id: value.id, turn: state.turn, item });
}

function end(step: ThreadStep, { status, error }: Turn): void {
  const { state, events } = step;
  const usage = state.before === null || state.total === null ? null : usageOfTurn(state.total, state.before);
  if (status === "failed") return fail(step, error?.message ?? "It failed.", usage);
  close(step, status === "completed");
  const interrupted = status === "interrupted";
  if (interrupted) events.push({ type: "notice", level: "info", message: "Interrupted." });
  events.push({
    type: "turn_completed",
    turn: state.turn,
    usage,
    ...(interrupted ? { interrupted } : {}),
  });
}

function fail(step: ThreadStep, message: string, usage: Usage | null = null): void {
  close(step, false);
  const said = cutEnd(inWords(message), MAX_MESSAGE_BYTES);
  step.events.push({
    type: "turn_failed",
    turn: step.state.turn,
    message: said,
    ...(usage === null ? {} : { usage }),
  });
}

/** What was interrupted has no end of its own. */
function close({ state, events }: ThreadStep, well: boolean): void {
  for (const { id, item } of state.open)
    events.push({ type: "item", id, turn: state.turn, item: closed(item, well) });
  state.open = [];
  if (state.last !== null) state.last.ended = true;
}

type Tokens = Extract<Notification, { method: "thread/tokenUsage/updated" }>["params"]["tokenUsage"]["total"];

function usageOf(tokens: Tokens): Usage {
  return {
    input_tokens: tokens.inputTokens,
    cached_input_tokens: tokens.cachedInputTokens,
    cache_write_input_tokens: tokens.cacheWriteInputTokens,
    output_tokens: tokens.outputTokens,
    reasoning_output_tokens: tokens.reasoningOutputTokens,
  };
}
