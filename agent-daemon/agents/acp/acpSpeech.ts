import { createHash } from "node:crypto";
import type { EventBody, Item } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { cutEnd } from "../codex/cutText.ts";
import { growth } from "./growth.ts";
import { callItem, closeCall, isOver, newCall, sayContent, updateCall } from "./acpCall.ts";
import type { Draft, OpenCall, Speech } from "./acpState.ts";
import { KnownUpdate, QUIET_UPDATES, type ToolCallUpdate } from "./acpWire.ts";

/** More than any answer has; the rest is counted. */
const MAX_SPEECH_BYTES = 128 * 1024;
const MAX_CALLS = 64;
const MAX_DONE = 200;

/** What a conversation tells. A kind that is not known is shown as it came. */
export function tell(step: Draft, update: { sessionUpdate: string }): void {
  const { state } = step;
  if (state.replay === "skip" || QUIET_UPDATES.has(update.sessionUpdate)) return;
  const known = KnownUpdate.safeParse(update).data;
  switch (known?.sessionUpdate) {
    case "user_message_chunk":
      // Agents may repeat what a prompt has said; only of an earlier conversation it is news.
      if (state.replay !== null)
        say(step, "user_message", sayContent(known.content), known.messageId ?? null);
      return;
    case "agent_message_chunk":
      return say(step, "message", sayContent(known.content), known.messageId ?? null);
    case "agent_thought_chunk":
      return say(step, "reasoning", sayContent(known.content), known.messageId ?? null);
    case "tool_call":
    case "tool_call_update":
      tellCall(step, known);
      return;
    case "plan": {
      const steps = known.entries.map(({ content, status }) => ({
        text: content,
        done: status === "completed",
      }));
      return tellItem(step, `r${state.run}.t${state.turn}.plan`, { kind: "plan", steps });
    }
    case "current_mode_update":
      state.mode = known.currentModeId;
      return;
    case undefined: {
      const name = update.sessionUpdate.slice(0, 100);
      const json = cutEnd(JSON.stringify(update), MAX_OUTPUT_BYTES);
      return tellItem(step, nextId(step), { kind: "other", name, json });
    }
  }
}

/** A call that began, or what came to it; `force`: whatever is known of it is told. */
export function tellCall(
  step: Draft,
  update: ToolCallUpdate,
  { force = false, denied = false } = {},
): OpenCall {
  const { state } = step;
  const id = update.toolCallId;
  const before = state.calls.find(({ call }) => call.id === id) ?? { call: newCall(id), told: null };
  const updated = updateCall(before.call, update);
  const call = denied ? { ...updated, denied } : updated;
  if (state.done.includes(id)) return { call, told: null };
  hush(step);
  // What is over may still learn its output, until something else comes.
  settle(step, id);
  const item = callItem(call);
  const { head, output } = outline(item);
  const { told } = before;
  const isNews = told === null ? call.status !== "pending" || call.input !== "" : told.head !== head;
  const grown = told !== null && output - told.output >= growth(told.output) * 4;
  const tells = force || isOver(call) || isNews || grown;
  const after = { call, told: tells ? { head, output } : told };
  state.calls = [...state.calls.filter((each) => each.call.id !== id), after].slice(-MAX_CALLS);
  const changed = told === null || told.head !== head || told.output !== output;
  if (tells && changed) step.events.push(event(step, itemId(step, id), item));
  return after;
}

/** Somebody says more: of the same message, or of the next. */
function say(step: Draft, by: Speech["by"], text: string, message: string | null): void {
  const { state } = step;
  settle(step, null);
  if (state.said !== null && (state.said.by !== by || state.said.message !== message)) hush(step);
  if (state.said === null && by === "user_message") nextTurn(step);
  const said = state.said ?? { id: nextId(step), by, message, text: "", lost: 0, told: 0 };
  // Some begin with empty lines.
  const more = Buffer.from(said.text === "" ? text.replace(/^\s*\n/, "") : text);
  const room = said.lost > 0 ? 0 : MAX_SPEECH_BYTES - Buffer.byteLength(said.text);
  const lost = Math.max(0, more.length - room);
  // As a stream: a character that is cut in two is left out.
  const kept = new TextDecoder().decode(more.subarray(0, more.length - lost), { stream: true });
  state.said = { ...said, text: said.text + kept, lost: said.lost + lost };
  const news = state.said.text.length - said.told;
  if (!state.running || news >= growth(said.told)) tellSpeech(step);
}

/** What is being said has come to its end. */
export function hush(step: Draft): void {
  const { said } = step.state;
  if (said === null) return;
  if (said.told < said.text.length || said.lost > 0) tellSpeech(step);
  step.state.said = null;
}

function tellSpeech(step: Draft): void {
  const { said } = step.state;
  if (said === null || said.text.trim() === "") return;
  const text = said.lost > 0 ? cutEnd(said.text, MAX_SPEECH_BYTES, said.lost) : said.text;
  step.events.push(event(step, said.id, { kind: said.by, text }));
  step.state.said = { ...said, told: said.text.length };
}

/** Calls that are over make room; `but`: one of which more may come. */
function settle({ state }: Draft, but: string | null): void {
  const over = state.calls.filter(({ call }) => call.id !== but && isOver(call));
  if (over.length === 0) return;
  state.calls = state.calls.filter((each) => !over.includes(each));
  state.done = [...state.done, ...over.map(({ call }) => call.id)].slice(-MAX_DONE);
}

/** Everything that goes on ends with its turn. */
export function closeAll(step: Draft, well: boolean): void {
  hush(step);
  const { calls } = step.state;
  for (const { call, told } of calls)
    if (!isOver(call) && (told !== null || call.title !== ""))
      step.events.push(event(step, itemId(step, call.id), callItem(closeCall(call, well))));
  step.state.calls = [];
  step.state.done = [...step.state.done, ...calls.map(({ call }) => call.id)].slice(-MAX_DONE);
}

/** A turn of a conversation that is told again; it has ended. */
function nextTurn(step: Draft): void {
  endReplayed(step);
  step.state.turn++;
  step.state.running = true;
  step.events.push({ type: "turn_started", turn: step.state.turn, thread: step.state.thread });
}

/** The last turn of what is told again has ended as well. */
export function endReplayed(step: Draft): void {
  closeAll(step, true);
  if (!step.state.running) return;
  step.state.running = false;
  step.events.push({ type: "turn_completed", turn: step.state.turn, usage: null });
}

function tellItem(step: Draft, id: string, item: Item): void {
  hush(step);
  settle(step, null);
  step.events.push(event(step, id, item));
}

function event({ state }: Draft, id: string, item: Item): EventBody {
  return { type: "item", id, turn: state.turn, item };
}

function nextId({ state }: Draft): string {
  state.count = { ...state.count, speeches: state.count.speeches + 1 };
  return `r${state.run}.${state.count.speeches}`;
}

/** Some agents' names of calls are long. */
function itemId({ state }: Draft, call: string): string {
  const name = call.length <= 120 ? call : createHash("sha256").update(call).digest("hex");
  return `r${state.run}.${name}`;
}

function outline(item: Item): { head: string; output: number } {
  const output = "output" in item && item.output !== null ? item.output.length : 0;
  const json = JSON.stringify("output" in item ? { ...item, output: null } : item);
  return { head: createHash("sha256").update(json).digest("base64url").slice(0, 16), output };
}
