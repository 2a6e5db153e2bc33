import { describe, expect, it } from "vitest";
import { sampleSession } from "../../fixtures/sample.ts";
import { EMPTY_SESSION, type LogEvent, type SessionState } from "../live/sessionState.ts";
import { COPY_CHARS, COPY_EVENTS, readCopy, writeCopy } from "./sessionCopy.ts";

const session = sampleSession({ version: 3 });
const range = (from: number, to: number, text = "x"): LogEvent[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, at: 1, type: "notice", text }));

function state(events: LogEvent[], more: Partial<SessionState> = {}): SessionState {
  const next = (events.at(-1)?.seq ?? 0) + 1;
  const first = events[0]?.seq ?? next;
  return {
    ...EMPTY_SESSION,
    epoch: "e",
    session,
    events,
    first,
    next,
    head: next - 1,
    loaded: true,
    ...more,
  };
}
const again = (from: SessionState): SessionState | null => readCopy(session.id, writeCopy(from) ?? "");

describe("a copy of a session", () => {
  it("comes back as it was, but not confirmed", () => {
    const back = again(state(range(5, 9)));
    expect(back).toMatchObject({ epoch: "e", session, first: 5, next: 10, loaded: false });
    expect(back?.events).toEqual(range(5, 9));
    expect(again(state([], { next: 4, first: 4 }))).toMatchObject({ first: 4, next: 4, events: [] });
  });

  it("is bounded in events and in size, and keeps the newest without a hole", () => {
    const many = again(state(range(1, 5_000)));
    expect(many?.events.length).toBe(COPY_EVENTS);
    expect(many).toMatchObject({ first: 5_001 - COPY_EVENTS, next: 5_001 });
    const large = again(state(range(1, 10, "x".repeat(COPY_CHARS / 4))));
    expect(large?.events.map(({ seq }) => seq)).toEqual([8, 9, 10]);
    expect(again(state(range(1, 2, "x".repeat(COPY_CHARS))))).toMatchObject({
      first: 3,
      next: 3,
      events: [],
    });
  });

  it("is not made of what is half, or not confirmed", () => {
    expect(writeCopy(state(range(1, 2), { loaded: false }))).toBeNull();
    expect(writeCopy(state(range(1, 2), { epoch: null }))).toBeNull();
    expect(writeCopy(state(range(1, 2), { session: null }))).toBeNull();
  });

  it("is refused when it is malformed, has a hole, or is another session's", () => {
    const whole = writeCopy(state(range(1, 3))) ?? "";
    expect(readCopy("ses_other", whole)).toBeNull();
    for (const text of [
      "",
      "{",
      "null",
      whole.slice(0, -4),
      whole.replace('"next":4', '"next":5'),
      whole.replace('"next":4', '"next":2'),
      whole.replace('"seq":2', '"seq":7'),
      whole.replace('"status"', '"mood"'),
    ])
      expect(readCopy(session.id, text), text).toBeNull();
  });
});
