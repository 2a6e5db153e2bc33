import { describe, expect, it } from "vitest";
import type { Span } from "../../../protocol/traces.ts";
import { NO_TRACE, withNewest, withOlder, withSpans, type TraceState } from "./traceState.ts";
import {
  ALL_SPANS,
  axisLength,
  barOf,
  buildTurns,
  paceOf,
  traceRows,
  workedMs,
  type SpanNode,
} from "./traceTree.ts";

const span = (id: string, some: Partial<Span> = {}): Span => ({
  id,
  parent: id.includes(".") ? "t1" : null,
  team: "main",
  session: "ses",
  turn: 1,
  kind: id.includes(".m") ? "model" : id.includes(".") ? "tool" : "turn",
  name: "x",
  started_at: 0,
  ended_at: 100,
  outcome: "ok",
  error: null,
  usage: null,
  input: null,
  output: null,
  version: 2,
  ...some,
});
const open = { ended_at: null, outcome: null, version: 1 } as const;

const TURN = [
  span("t1", { ended_at: 100 }),
  span("t1.s1.m1", { started_at: 1, ended_at: 10, outcome: "interrupted" }),
  span("t1.s1.m2", { started_at: 10, ended_at: 20 }),
  span("t1.s1.c00", { started_at: 20, ended_at: 60 }),
  span("apr_1", { kind: "approval", parent: "t1.s1.c00", started_at: 21, ended_at: 50 }),
  span("t1.s1.c01", { started_at: 20, ended_at: 30, outcome: "failed" }),
  span("t1.s2.m1", { started_at: 60, ended_at: 99 }),
];
const shape = (nodes: readonly SpanNode[]): unknown =>
  nodes.map(({ span: { id }, children }) => (children.length === 0 ? id : [id, shape(children)]));

describe("a tree", () => {
  it("has a turn, its model calls, their tool calls and the waits of those", () => {
    const [turn] = buildTurns(TURN.toReversed(), false);
    expect(turn).toMatchObject({ turn: 1, start: 0, end: 100, state: "ok" });
    expect(shape(turn?.children ?? [])).toEqual([
      "t1.s1.m1",
      ["t1.s1.m2", [["t1.s1.c00", ["apr_1"]], "t1.s1.c01"]],
      "t1.s2.m1",
    ]);
  });

  it("does without a root that is on an older page, and without parents", () => {
    const [turn] = buildTurns([span("t1.i0", { parent: "gone", started_at: 5, ended_at: 9 })], false);
    expect(turn).toMatchObject({ root: null, start: 5, end: null, state: "running" });
    expect(shape(turn?.children ?? [])).toEqual(["t1.i0"]);
  });

  it("loses nothing to ids that name each other as parents", () => {
    const [turn] = buildTurns(
      [span("a.", { parent: "b." }), span("b.", { parent: "a." }), span("c.", { parent: "c." })],
      false,
    );
    expect(shape(turn?.children ?? [])).toEqual([["b.", ["a."]], "c."]);
  });

  it("says that what waits waits, up to the turn", () => {
    const [turn] = buildTurns(
      [
        span("t1", open),
        span("t1.s1.c00", open),
        span("apr_1", { ...open, kind: "approval", parent: "t1.s1.c00" }),
      ],
      false,
    );
    expect([turn?.state, turn?.end, turn?.children[0]?.state]).toEqual(["waiting", null, "waiting"]);
  });

  it("says that a question waits for its answer, also while the host is away", () => {
    const asked = span("t1.s1.c00", { ...open, name: "ask_user" });
    const [turn] = buildTurns([span("t1", open), asked], true);
    expect([turn?.state, turn?.children[0]?.state]).toEqual(["waiting", "waiting"]);
  });

  it("says that nobody knows how a span ended whose turn is over, or whose host is away", () => {
    const ended = buildTurns([span("t1"), span("t1.s1.c00", open)], false);
    expect(ended[0]?.children[0]?.state).toBe("unknown");
    const gone = buildTurns([span("t1", open), span("t2", { turn: 2, ...open })], false);
    expect(gone.map(({ state }) => state)).toEqual(["unknown", "running"]);
    const away = buildTurns([span("t1", open), span("t1.s1.m1", open), span("t1.i0", open)], true);
    expect(away[0]?.children.map(({ state }) => state)).toEqual(["unknown", "running"]);
  });
});

describe("lines", () => {
  const rows = (filter = ALL_SPANS, folded: string[] = []) =>
    traceRows(buildTurns(TURN, false), { filter, isUnfolded: (key) => !folded.includes(key) }).map(
      ({ key, depth }) => `${depth} ${key}`,
    );

  it("stand below what they belong to, unless that is folded", () => {
    expect(rows()).toEqual([
      "0 turn 1",
      "1 1 t1.s1.m1",
      "1 1 t1.s1.m2",
      "2 1 t1.s1.c00",
      "3 1 apr_1",
      "2 1 t1.s1.c01",
      "1 1 t1.s2.m1",
    ]);
    expect(rows(ALL_SPANS, ["1 t1.s1.m2"])).toHaveLength(4);
    expect(rows(ALL_SPANS, ["turn 1"])).toEqual(["0 turn 1"]);
  });

  it("are those that a filter finds, with what they are in, also when that is folded", () => {
    expect(rows({ kind: "approval", outcome: "all" }, ["turn 1"])).toEqual([
      "0 turn 1",
      "1 1 t1.s1.m2",
      "2 1 t1.s1.c00",
      "3 1 apr_1",
    ]);
    expect(rows({ kind: "tool", outcome: "trouble" })).toEqual(["0 turn 1", "1 1 t1.s1.m2", "2 1 t1.s1.c01"]);
    expect(rows({ kind: null, outcome: "slow" })).toEqual([]);
  });
});

describe("bars", () => {
  it("are to scale on the axis of their turn", () => {
    const tree = { start: 1_000, end: 3_000 };
    expect(barOf({ started_at: 1_500, ended_at: 2_000 }, tree, 0)).toEqual({ left: 25, width: 25 });
    expect(barOf({ started_at: 900, ended_at: 9_000 }, tree, 0)).toEqual({ left: 0, width: 100 });
  });

  it("grow while they run, and never to the left, whatever the clocks say", () => {
    const tree = { start: 1_000, end: null };
    expect(barOf({ started_at: 1_000, ended_at: null }, tree, 4_000)).toEqual({ left: 0, width: 100 });
    expect(barOf({ started_at: 1_500, ended_at: null }, tree, 200).width).toBe(0);
  });

  it.each([
    [0, 10],
    [101, 150],
    [1_000, 1_000],
    [8_100, 10_000],
    [61_000, 80_000],
  ])("has an axis of a round length: %d ms on %d", (ms, length) => {
    expect(axisLength(ms)).toBe(length);
  });

  it("leave out of what a call took the time in which it waited for a person", () => {
    const [turn] = buildTurns(TURN, false);
    const call = turn?.children[1]?.children[0];
    expect(call === undefined ? null : workedMs(call, 0)).toBe(40 - 29);
    expect(turn?.children[0] === undefined ? null : workedMs(turn.children[0], 0)).toBe(9);
  });

  it("tell quick from slow", () => {
    expect([0, 999, 1_000, 9_999, 10_000].map(paceOf)).toEqual(["quick", "quick", "usual", "usual", "slow"]);
  });
});

describe("what is known of a trace", () => {
  const state = (...spans: Span[]): TraceState => ({
    spans: new Map(spans.map((each) => [each.id, each])),
    cursor: "older",
    loaded: true,
  });

  it("keeps the newest version, in whatever order it hears of them", () => {
    const begun = span("t1", open);
    const ended = span("t1");
    expect(withSpans(withSpans(NO_TRACE, [ended]), [begun]).spans.get("t1")).toBe(ended);
    expect(withSpans(state(begun), [ended, begun]).spans.get("t1")).toBe(ended);
    const same = state(ended);
    expect(withSpans(same, [begun, ended])).toBe(same);
  });

  it("corrects what it missed, and asks for the turns that a page says nothing of", () => {
    const before = state(span("t1", open), span("t2", { turn: 2, started_at: 50 }));
    const { state: after, turns } = withNewest(before, {
      items: [span("t3", { turn: 3, started_at: 90 }), span("t2", { turn: 2, started_at: 50 })],
      next_cursor: "middle",
    });
    expect([...after.spans.keys()]).toEqual(["t1", "t2", "t3"]);
    expect([after.cursor, turns]).toEqual(["older", [1]]);
  });

  it("lets go of what a page does not reach, rather than have a hole", () => {
    const late = span("t9", { turn: 9, started_at: 200, ...open });
    const { state: after } = withNewest(state(span("t1"), late), {
      items: [span("t8", { turn: 8, started_at: 150 })],
      next_cursor: "middle",
    });
    expect([[...after.spans.keys()], after.cursor]).toEqual([["t8", "t9"], "middle"]);
  });

  it("knows where the older ones are", () => {
    const older = withOlder(state(span("t2")), { items: [span("t1")], next_cursor: null });
    expect([[...older.spans.keys()], older.cursor]).toEqual([["t2", "t1"], null]);
  });
});
