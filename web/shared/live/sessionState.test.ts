import { describe, expect, it } from "vitest";
import { sampleSession } from "../../fixtures/sample.ts";
import type { SessionServerFrame } from "../../../protocol/sessionFrames.ts";
import {
  applySessionFrame,
  EMPTY_SESSION,
  prependEvents,
  sessionCursor,
  type LogEvent,
  type SessionState,
  type SessionStep,
} from "./sessionState.ts";

const session = sampleSession({ version: 4 });
const event = (seq: number, type = "notice"): LogEvent => ({ seq, at: seq, type });
const range = (from: number, to: number): LogEvent[] =>
  Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
const ok = (head: number, epoch = "e"): SessionServerFrame => ({
  type: "ok",
  version: 1,
  epoch,
  head,
  session,
});
const gap = (first: number, head: number, epoch = "e"): SessionServerFrame => ({
  type: "gap",
  version: 1,
  epoch,
  head,
  first,
  session,
});
const events = (from: number, to: number): SessionServerFrame => ({
  type: "events",
  first: from,
  events: range(from, to),
});

function play(frames: SessionServerFrame[], from: SessionState = EMPTY_SESSION): SessionStep {
  return frames.reduce<SessionStep>((step, frame) => applySessionFrame(step.state, frame), {
    state: from,
    broken: null,
  });
}
const seqs = (state: SessionState): number[] => state.events.map((each) => each.seq);

describe("a session's state", () => {
  it("starts without a cursor, gets a tail after a gap, and comes back with its cursor", () => {
    expect(sessionCursor(EMPTY_SESSION)).toEqual({});
    const { state } = play([gap(8, 10), events(8, 10)]);
    expect(seqs(state)).toEqual([8, 9, 10]);
    expect(state).toMatchObject({ first: 8, next: 11, loaded: true });
    expect(sessionCursor(state)).toEqual({ epoch: "e", seq: 10 });
  });

  it("goes on after ok with exactly the rest", () => {
    const { state } = play([gap(1, 3), events(1, 3)]);
    expect(seqs(play([ok(5), events(4, 5)], state).state)).toEqual([1, 2, 3, 4, 5]);
  });

  it("shows no event twice, whether a frame repeats or overlaps", () => {
    const { state, broken } = play([gap(1, 5), events(1, 3), events(1, 3), events(2, 5), events(5, 5)]);
    expect(seqs(state)).toEqual([1, 2, 3, 4, 5]);
    expect(broken).toBeNull();
  });

  it("says when an event is missing, keeps its cursor before the hole, and heals with the rest", () => {
    const broken = play([gap(1, 9), events(1, 3), events(5, 6)]);
    expect(broken.broken).toBe("hole");
    expect(sessionCursor(broken.state)).toEqual({ epoch: "e", seq: 3 });
    expect(seqs(play([ok(6), events(4, 6)], broken.state).state)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("keeps what comes before a hole inside one frame", () => {
    const step = play([gap(1, 9), { type: "events", first: 1, events: [event(1), event(2), event(4)] }]);
    expect(step.broken).toBe("hole");
    expect(seqs(step.state)).toEqual([1, 2]);
  });

  it("takes events before any greeting for a hole", () => {
    expect(play([events(1, 2)]).broken).toBe("hole");
  });

  it("forgets what it has at a gap", () => {
    const { state } = play([gap(1, 3), events(1, 3), gap(400, 401, "f"), events(400, 401)]);
    expect(seqs(state)).toEqual([400, 401]);
    expect(state).toMatchObject({ epoch: "f", first: 400 });
  });

  it("does not mix two logs: ok for another epoch is broken, and the next hello has no cursor", () => {
    const step = play([gap(1, 3), events(1, 3), ok(3, "other")]);
    expect(step.broken).toBe("epoch");
    expect(sessionCursor(step.state)).toEqual({});
  });

  it("keeps events of a type it does not know", () => {
    const { state } = play([
      gap(1, 1),
      { type: "events", first: 1, events: [{ ...event(1, "from_the_future"), extra: { x: 1 } }] },
    ]);
    expect(state.events[0]).toMatchObject({ type: "from_the_future", extra: { x: 1 } });
  });

  it("never shows an older projection of the session", () => {
    const newer = { ...session, title: "newer", version: 9 };
    const { state } = play([
      gap(1, 0),
      { type: "session", session: newer },
      { type: "session", session },
      ok(0),
    ]);
    expect(state.session?.title).toBe("newer");
  });

  it("is whole with an empty log", () => {
    expect(play([gap(1, 0)]).state).toMatchObject({ loaded: true, first: 1, next: 1, events: [] });
  });
});

describe("older pages", () => {
  const { state } = play([gap(8, 10), events(8, 10)]);

  it("join before the oldest event, in any order, and once", () => {
    const page = range(5, 7).toReversed();
    const grown = prependEvents(state, page);
    expect(seqs(grown)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(grown.first).toBe(5);
    expect(prependEvents(grown, page)).toBe(grown);
  });

  it("drop what is already here", () => {
    expect(seqs(prependEvents(state, range(6, 9)))).toEqual([6, 7, 8, 9, 10]);
  });

  it("are refused when they leave a hole", () => {
    expect(prependEvents(state, range(2, 4))).toBe(state);
    expect(prependEvents(state, [event(5), event(7)])).toBe(state);
    expect(prependEvents(state, [])).toBe(state);
  });
});

describe("a part that grows", () => {
  const item = (seq: number, text: string, id = "a", turn = 1, kind = "message"): LogEvent => ({
    seq,
    at: seq,
    type: "item",
    id,
    turn,
    item: { kind, text },
  });
  const log = (...list: LogEvent[]): SessionServerFrame => ({
    type: "events",
    first: list[0]?.seq ?? 1,
    events: list,
  });
  const delta = (offset: number, text: string, id = "a", turn = 1): SessionServerFrame => ({
    type: "delta",
    id,
    turn,
    kind: "message",
    offset,
    text,
  });
  const texts = (step: SessionStep): string[] => [...step.state.parts.values()].map((part) => part.text);
  const started = play([gap(1, 1), log(item(1, "Hel"))]).state;

  it("starts with the text of its item and grows by what comes", () => {
    expect(texts(play([delta(3, "lo"), delta(5, " you")], started))).toEqual(["Hello you"]);
  });

  it("takes a piece twice, or pieces that overlap, without a difference", () => {
    const twice = [delta(3, "lo"), delta(3, "lo"), delta(0, "Hel"), delta(4, "o you"), delta(3, "lo y")];
    const step = play(twice, started);
    expect(texts(step)).toEqual(["Hello you"]);
    expect(step.broken).toBeNull();
    expect(play([delta(3, "lo")], step.state).state).toBe(step.state);
  });

  it("shows what a call prints, until its card says how it ended", () => {
    const call = (state: string, output: string | null) => ({
      ...item(2, ""),
      id: "c",
      item: {
        kind: "call",
        tool: "run_command",
        input: "{}",
        state,
        approval: null,
        host: null,
        output,
        output_cut: 0,
        error: null,
      },
    });
    const piece = (offset: number, text: string): SessionServerFrame => ({
      type: "output",
      id: "c",
      turn: 1,
      offset,
      text,
    });
    const runs = play(
      [log(call("dispatched", null)), piece(0, "a\n"), piece(0, "a\n"), piece(2, "b")],
      started,
    );
    expect([...runs.state.parts.values()]).toEqual([{ id: "c", turn: 1, kind: "output", text: "a\nb" }]);
    expect(play([piece(5, "x")], runs.state).broken).toBe("hole");
    const ended = play([log({ ...call("completed", "a\nb"), seq: 3 })], runs.state);
    expect([...ended.state.parts.values()]).toEqual([]);
  });

  it("says that a piece is missing, and keeps what it has", () => {
    const step = play([delta(3, "lo"), delta(9, "!")], started);
    expect(step.broken).toBe("hole");
    expect(texts(step)).toEqual(["Hello"]);
    expect(play([delta(4, "x", "nobody")], started).broken).toBe("hole");
  });

  it("is sent whole after a reconnect, without a flash of less", () => {
    const { state } = play([delta(3, "lo you")], started);
    const back = play([ok(1)], state);
    expect(texts(back)).toEqual(["Hello you"]);
    expect(texts(play([delta(0, "Hello you two")], back.state))).toEqual(["Hello you two"]);
    expect(texts(play([gap(1, 1), log(item(1, "Hel")), delta(0, "Hello")], state))).toEqual(["Hello"]);
  });

  it("may come before its item, from the start", () => {
    expect(texts(play([delta(0, "So", "b")], started))).toEqual(["So"]);
  });

  it("gives way to the item when that comes whole, even when it says otherwise", () => {
    const step = play([delta(3, "lo"), log(item(2, "Bye."))], started);
    expect(texts(step)).toEqual([]);
    // A piece that comes late says nothing new.
    expect(texts(play([delta(0, "Bye")], step.state))).toEqual([]);
  });

  it("starts anew when the model was asked again", () => {
    expect(texts(play([delta(3, "lo"), log(item(2, "The")), delta(3, " answer")], started))).toEqual([
      "The answer",
    ]);
    expect(texts(play([delta(3, "lo"), delta(0, "The answer")], started))).toEqual(["The answer"]);
  });

  it("ends with its turn", () => {
    const other = play([delta(3, "lo"), delta(0, "x", "b", 2)], started).state;
    for (const type of ["turn_completed", "turn_failed", "turn_cancelled"])
      expect(texts(play([log({ seq: 2, at: 2, type, turn: 1 })], other))).toEqual(["x"]);
  });

  it("of the same id in another turn is another part", () => {
    expect(texts(play([delta(3, "lo"), delta(0, "Other", "a", 2)], started))).toEqual(["Hello", "Other"]);
  });

  it("means nothing before a greeting", () => {
    expect(play([delta(0, "x")]).broken).toBe("hole");
  });
});
