import type * as z from "zod";
import { Item, type AnyEvent } from "../../../protocol/events.ts";
import type { Session } from "../../../protocol/session.ts";
import type { SessionServerFrame } from "../../../protocol/sessionFrames.ts";

/** An event as it came; its type may be one that this page does not know. */
export type LogEvent = z.infer<typeof AnyEvent>;

type Delta = Extract<SessionServerFrame, { type: "delta" }>;

/** Text that is still coming: what is here of it so far. `output`: what a running call prints. */
export type Part = { id: string; turn: number; kind: Delta["kind"] | "output"; text: string };

/** What is known of one session: its projection and a stretch of its log without holes. */
export type SessionState = {
  epoch: string | null;
  session: Session | null;
  /** Ascending by seq, without holes or repetitions. */
  events: readonly LogEvent[];
  /** Seq that the next event must have. */
  next: number;
  /** Seq of the oldest event that is here; 1 when nothing older exists. */
  first: number;
  /** Seq of the newest event when the server said where this client stands. */
  head: number;
  /** Everything up to {@link head} is here. Until then, what is here may be old (a local copy) or half. */
  loaded: boolean;
  /** Items that still grow, by {@link partKey}; an item that came whole is not among them. */
  parts: ReadonlyMap<string, Part>;
};

const NO_PARTS: ReadonlyMap<string, Part> = new Map();

export const EMPTY_SESSION: SessionState = {
  epoch: null,
  session: null,
  events: [],
  next: 1,
  first: 1,
  head: 0,
  loaded: false,
  parts: NO_PARTS,
};

/** `hole`: an event is missing; connect again with the cursor. `epoch`: the log is another one; connect again without it. */
export type SessionStep = { state: SessionState; broken: null | "hole" | "epoch" };

/** The cursor to come back with; nothing when there is none yet. */
export function sessionCursor(state: SessionState): { epoch: string; seq: number } | Record<string, never> {
  return state.epoch === null ? {} : { epoch: state.epoch, seq: state.next - 1 };
}

/** The state after a frame. */
export function applySessionFrame(state: SessionState, frame: SessionServerFrame): SessionStep {
  switch (frame.type) {
    case "ok":
      // `ok` to a client without a cursor means that the log starts here.
      if (state.epoch !== null && state.epoch !== frame.epoch)
        return { state: EMPTY_SESSION, broken: "epoch" };
      return whole({
        ...state,
        epoch: frame.epoch,
        session: newer(state.session, frame.session),
        head: frame.head,
        loaded: state.next > frame.head,
      });
    case "gap":
      return whole({
        epoch: frame.epoch,
        session: newer(state.epoch === frame.epoch ? state.session : null, frame.session),
        events: [],
        first: frame.first,
        next: frame.first,
        head: frame.head,
        loaded: frame.first > frame.head,
        parts: NO_PARTS,
      });
    case "session":
      return whole({ ...state, session: newer(state.session, frame.session) });
    case "events":
      return append(state, frame.events);
    case "delta":
      return grow(state, frame);
    case "output":
      return grow(state, { ...frame, kind: "output" });
    case "span":
    case "spans_missed":
      return whole(state); // spans are no part of the log
  }
}

/** What tells items apart: ids are of their turn. */
export function partKey(turn: number, id: string): string {
  return `${turn} ${id}`;
}

/**
 * Puts a piece of a growing part where it belongs. A piece that is here already changes nothing; one that begins beyond the end
 * is a hole; one that says otherwise than what is here replaces it from there on (the model was asked again).
 */
function grow(state: SessionState, { id, turn, kind, offset, text }: Part & { offset: number }): SessionStep {
  if (state.epoch === null) return { state, broken: "hole" };
  const key = partKey(turn, id);
  const before = state.parts.get(key)?.text ?? loggedText(state.events, turn, id);
  if (before === undefined && offset > 0) return { state, broken: "hole" };
  const known = before ?? "";
  if (offset > known.length) return { state, broken: "hole" };
  const after = known.slice(offset, offset + text.length) === text ? known : known.slice(0, offset) + text;
  if (before === after) return whole(state);
  return whole({ ...state, parts: new Map(state.parts).set(key, { id, turn, kind, text: after }) });
}

/** Text of an item as the log has it; undefined when it has none. */
function loggedText(events: readonly LogEvent[], turn: number, id: string): string | undefined {
  const event = events.findLast((each) => isItem(each) && each["turn"] === turn && each["id"] === id);
  const item = Item.safeParse(event?.["item"]);
  if (!item.success) return undefined;
  if (item.data.kind === "call") return item.data.output ?? "";
  return item.data.kind === "message" || item.data.kind === "reasoning" ? item.data.text : undefined;
}

const isItem = (event: LogEvent): boolean => event.type === "item";
const ENDS = new Set(["turn_completed", "turn_failed", "turn_cancelled"]);

/** Parts that still grow after these events: an item in the log is its text from now on, and a turn that ended grows nothing. */
function stillGrowing(parts: SessionState["parts"], events: readonly LogEvent[]): SessionState["parts"] {
  if (parts.size === 0) return parts;
  const left = new Map(parts);
  for (const event of events) {
    const turn = event["turn"];
    if (typeof turn !== "number") continue;
    if (isItem(event) && typeof event["id"] === "string") left.delete(partKey(turn, event["id"]));
    if (!ENDS.has(event.type)) continue;
    for (const [key, part] of left) if (part.turn === turn) left.delete(key);
  }
  return left.size === parts.size ? parts : left;
}

function append(state: SessionState, incoming: readonly LogEvent[]): SessionStep {
  if (state.epoch === null) return { state, broken: "hole" };
  const fresh: LogEvent[] = [];
  let next = state.next;
  for (const event of incoming) {
    if (event.seq < next) continue; // heard before
    if (event.seq > next) return { state: keep(state, fresh, next), broken: "hole" };
    fresh.push(event);
    next++;
  }
  return whole(keep(state, fresh, next));
}

function keep(state: SessionState, fresh: LogEvent[], next: number): SessionState {
  if (fresh.length === 0) return state;
  const parts = stillGrowing(state.parts, fresh);
  const loaded = state.loaded || next > state.head;
  return { ...state, events: [...state.events, ...fresh], next, loaded, parts };
}

/** Puts an older page before what is here; pages that do not join it are refused whole. */
export function prependEvents(state: SessionState, page: readonly LogEvent[]): SessionState {
  const older = page.filter((event) => event.seq < state.first).sort((a, b) => a.seq - b.seq);
  const oldest = older[0];
  if (oldest === undefined) return state;
  const joins =
    older.every((event, index) => event.seq === oldest.seq + index) &&
    oldest.seq + older.length === state.first;
  return joins ? { ...state, events: [...older, ...state.events], first: oldest.seq } : state;
}

function newer(known: Session | null, next: Session): Session {
  return known !== null && known.id === next.id && known.version > next.version ? known : next;
}

function whole(state: SessionState): SessionStep {
  return { state, broken: null };
}
