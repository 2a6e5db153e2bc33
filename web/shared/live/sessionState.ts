import type * as z from "zod";
import type { AnyEvent } from "../../../protocol/events.ts";
import type { Session } from "../../../protocol/session.ts";
import type { SessionServerFrame } from "../../../protocol/sessionFrames.ts";

/** An event as it came; its type may be one that this page does not know. */
export type LogEvent = z.infer<typeof AnyEvent>;

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
  /** True once the server said where this client stands. */
  loaded: boolean;
};

export const EMPTY_SESSION: SessionState = {
  epoch: null,
  session: null,
  events: [],
  next: 1,
  first: 1,
  loaded: false,
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
        loaded: true,
      });
    case "gap":
      return whole({
        epoch: frame.epoch,
        session: newer(state.epoch === frame.epoch ? state.session : null, frame.session),
        events: [],
        first: frame.first,
        next: frame.first,
        loaded: true,
      });
    case "session":
      return whole({ ...state, session: newer(state.session, frame.session) });
    case "events":
      return append(state, frame.events);
  }
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
  return fresh.length === 0 ? state : { ...state, events: [...state.events, ...fresh], next };
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
