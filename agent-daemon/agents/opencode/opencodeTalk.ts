import * as z from "zod";
import { type EventBody, Item, Usage } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { growth } from "../acp/growth.ts";
import { cutEnd } from "../codex/cutText.ts";
import { closed, inWords, slim } from "../codex/translate.ts";
import { opencodeItem } from "./opencodeItem.ts";
import { type OpencodeEvent, Part, QUIET_PARTS, type StepTokens, type ToolPart } from "./opencodeWire.ts";

/** What is being said, and a call that goes on, with as much of it as is told. */
const OpenPart = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["message", "reasoning", "user_message"]),
    id: z.string(),
    text: z.string(),
    told: z.number().int(),
  }),
  z.object({ kind: z.literal("call"), id: z.string(), item: Item, told: z.string() }),
]);
type OpenPart = z.infer<typeof OpenPart>;

/** What must be remembered of a conversation from one event to the next. */
export const Talk = z.object({
  thread: z.string().nullable(),
  turn: z.number().int(),
  running: z.boolean(),
  model: z.string().nullable(),
  /** Begins the ids of items. */
  prefix: z.string(),
  /** Words of a person are told as well, and begin turns: it is not only us who speaks. */
  hears: z.boolean(),
  /** Who says the newest messages. */
  roles: z.array(z.object({ id: z.string(), role: z.enum(["user", "assistant"]) })),
  open: z.array(OpenPart),
  /** Pieces that are told whole. */
  done: z.array(z.string()),
  /** Calls that a person said no to. */
  denied: z.array(z.string()),
  usage: Usage.nullable(),
  /** The server works on this turn: only then it can be done with it. */
  busy: z.boolean(),
  /** What went wrong in this turn. */
  failure: z.object({ name: z.string(), message: z.string() }).nullable(),
});
export type Talk = z.infer<typeof Talk>;

const MAX_ROLES = 100;
const MAX_OPEN = 64;
const MAX_DONE = 200;
const MAX_TEXT_BYTES = 128 * 1024;
const MAX_MESSAGE_BYTES = 8 * 1024;

/** As OpenCode calls a turn that was interrupted. */
export const ABORTED = { name: "MessageAbortedError", message: "Aborted" };

/** The state before anything was said, after `turn` turns of the session. */
export function newTalk(over: Pick<Talk, "thread" | "turn" | "prefix" | "hears" | "model">): Talk {
  return {
    ...over,
    running: false,
    roles: [],
    open: [],
    done: [],
    denied: [],
    usage: null,
    busy: false,
    failure: null,
  };
}

/** An event of this conversation; what comes of it is added to `events`. */
export function hear(before: Talk, event: OpencodeEvent, events: EventBody[]): Talk {
  const talk = { ...before };
  switch (event.type) {
    case "message.updated": {
      const { id, role, modelID, providerID } = event.properties.info;
      talk.roles = [...talk.roles.filter((each) => each.id !== id), { id, role }].slice(-MAX_ROLES);
      if (role === "assistant" && modelID != null && providerID != null)
        talk.model = `${providerID}/${modelID}`;
      break;
    }
    case "message.part.updated":
      part(talk, event.properties.part, events);
      break;
    case "message.part.delta":
      if (event.properties.field === "text")
        grow(talk, event.properties.partID, event.properties.delta, events);
      break;
    case "session.status":
      if (event.properties.status.type === "busy") {
        if (talk.hears) begin(talk, events);
        talk.busy = true;
      }
      break;
    case "session.error": {
      const { name, data } = event.properties.error ?? { name: "Error" };
      const message = cutEnd(inWords(data?.message ?? name), MAX_MESSAGE_BYTES);
      if (talk.running) talk.failure = { name, message };
      break;
    }
    case "session.idle":
      if (talk.running && talk.busy) end(talk, events);
      break;
    default:
      break;
  }
  return talk;
}

/** Begins a turn, unless one runs. */
export function begin(talk: Talk, events: EventBody[]): void {
  if (talk.running) return;
  talk.turn++;
  talk.running = true;
  talk.busy = false;
  talk.usage = null;
  talk.failure = null;
  const model = talk.model === null ? {} : { model: talk.model };
  events.push({ type: "turn_started", turn: talk.turn, thread: talk.thread, ...model });
}

/** Ends the turn that runs, as it went. */
export function end(talk: Talk, events: EventBody[]): void {
  const { failure, usage, turn } = talk;
  const interrupted = failure?.name === ABORTED.name;
  close(talk, failure === null, events);
  if (failure !== null && !interrupted)
    events.push({
      type: "turn_failed",
      turn,
      message: failure.message,
      ...(usage === null ? {} : { usage }),
    });
  else {
    if (interrupted) events.push({ type: "notice", level: "info", message: "Interrupted." });
    events.push({ type: "turn_completed", turn, usage, ...(interrupted ? { interrupted } : {}) });
  }
  talk.running = false;
}

/** What goes on ends with its turn. */
function close(talk: Talk, well: boolean, events: EventBody[]): void {
  for (const each of talk.open) {
    if (each.kind !== "call") tellText(talk, each, events);
    else push(talk, each.id, closed(each.item, well), events);
  }
  talk.done = [...talk.done, ...talk.open.map(({ id }) => id)].slice(-MAX_DONE);
  talk.open = [];
}

function part(talk: Talk, value: { type: string; id: string; messageID: string }, events: EventBody[]): void {
  if (talk.done.includes(value.id) || QUIET_PARTS.has(value.type)) return;
  const role = talk.roles.find(({ id }) => id === value.messageID)?.role ?? "assistant";
  const known = Part.safeParse(value).data;
  if (role === "user") {
    if (!talk.hears || known?.type !== "text" || known.synthetic === true) return;
    begin(talk, events);
    finish(talk, known.id);
    push(talk, known.id, { kind: "user_message", text: cutEnd(known.text, MAX_TEXT_BYTES) }, events);
    return;
  }
  switch (known?.type) {
    case "text":
    case "reasoning": {
      const kind = known.type === "text" ? ("message" as const) : ("reasoning" as const);
      const before = talk.open.find(({ id }) => id === known.id);
      const told = before !== undefined && before.kind !== "call" ? before.told : 0;
      const text = { kind, id: known.id, text: cutEnd(known.text, MAX_TEXT_BYTES), told };
      put(talk, text);
      if (known.time?.end == null) return;
      tellText(talk, text, events);
      finish(talk, known.id);
      return;
    }
    case "tool":
      return call(talk, known, events);
    case "step-finish":
      finish(talk, known.id);
      talk.usage = add(talk.usage, known.tokens);
      return;
    case undefined: {
      finish(talk, value.id);
      const json = cutEnd(JSON.stringify(value), MAX_OUTPUT_BYTES);
      push(talk, value.id, { kind: "other", name: value.type.slice(0, 100), json }, events);
    }
  }
}

function call(talk: Talk, known: ToolPart, events: EventBody[]): void {
  // It is not known yet what it is to do.
  if (known.state.status === "pending") return;
  const item = opencodeItem(known, talk.denied.includes(known.callID));
  const over = known.state.status !== "running";
  const before = talk.open.find(({ id }) => id === known.id);
  const outline = JSON.stringify("output" in item ? { ...item, output: null } : item);
  const isNews = before?.kind !== "call" || before.told !== outline;
  if (over || isNews) push(talk, known.id, item, events);
  if (over) finish(talk, known.id);
  else put(talk, { kind: "call", id: known.id, item: slim(item), told: outline });
}

/** More of what is being said. */
function grow(talk: Talk, id: string, delta: string, events: EventBody[]): void {
  const before = talk.open.find((each) => each.id === id);
  if (before === undefined || before.kind === "call") return; // it comes whole
  if (Buffer.byteLength(before.text) > MAX_TEXT_BYTES) return;
  const after = { ...before, text: before.text + delta };
  put(talk, after);
  if (after.text.length - after.told >= growth(after.told)) tellText(talk, after, events);
}

function tellText(talk: Talk, said: Exclude<OpenPart, { kind: "call" }>, events: EventBody[]): void {
  if (said.text.trim() === "" || said.told === said.text.length) return;
  push(talk, said.id, { kind: said.kind, text: said.text }, events);
  put(talk, { ...said, told: said.text.length });
}

function put(talk: Talk, open: OpenPart): void {
  const at = talk.open.findIndex(({ id }) => id === open.id);
  talk.open = at === -1 ? [...talk.open, open].slice(-MAX_OPEN) : talk.open.with(at, open);
}

function finish(talk: Talk, id: string): void {
  talk.open = talk.open.filter((each) => each.id !== id);
  talk.done = [...talk.done, id].slice(-MAX_DONE);
}

function push(talk: Talk, id: string, item: Item, events: EventBody[]): void {
  events.push({ type: "item", id: `${talk.prefix}${id}`, turn: talk.turn, item });
}

/** OpenCode counts apart what a cache gave and took; here the input is all of it. */
function add(sum: Usage | null, { input, output, reasoning, cache }: StepTokens): Usage {
  return {
    input_tokens: (sum?.input_tokens ?? 0) + input + cache.read + cache.write,
    cached_input_tokens: (sum?.cached_input_tokens ?? 0) + cache.read,
    cache_write_input_tokens: (sum?.cache_write_input_tokens ?? 0) + cache.write,
    output_tokens: (sum?.output_tokens ?? 0) + output + reasoning,
    reasoning_output_tokens: (sum?.reasoning_output_tokens ?? 0) + reasoning,
  };
}
