import type { Approval } from "../../../protocol/approvals.ts";
import type { EventBody, Usage } from "../../../protocol/events.ts";
import { MOST_TOOL_NAMES, SPAN_ID_CHARS, type Span, type SpanOutcome } from "../../../protocol/traces.ts";
import { addUsage, NO_USAGE } from "../turn/TurnStore.ts";
import { cutText } from "./cutText.ts";
import { toolOfItem } from "./toolOfItem.ts";

/** Spans that run at once; what begins beyond it is not traced. All are one row, which has at most 2 MB. */
export const MOST_OPEN = 100;

/** What the log does not say of a model call: when it was asked (`why`: of an attempt before it), and what a step cost. */
export type ModelMark =
  | { type: "model_started"; turn: number; step: number; model: string; input: string; why: string | null }
  | { type: "model_ended"; turn: number; usage: Usage; output: string; error?: string | null };

/** Something that moves a trace on. */
export type Happening = { at: number } & ({ event: EventBody } | { mark: ModelMark });

/** Whole texts of a span, where it has only their beginnings. */
export type WholeTexts = { input?: string; output?: string };

/** A trace as it goes on; `changed` and `whole` are what happened since they were empty. */
export type Trace = {
  /** The spans that have not ended, in the order they began. */
  open: readonly Span[];
  /** Those that began, changed or ended. */
  changed: ReadonlyMap<string, Span>;
  /** What did not fit into a span, by its id. */
  whole: ReadonlyMap<string, WholeTexts>;
};

export type Scope = Pick<Span, "team" | "session">;

/** Texts as they were said; a span keeps their beginnings. */
type Words = { input?: string | null; output?: string | null };
type Fresh = Pick<Span, "id" | "parent" | "turn" | "kind" | "name"> & { input?: string };
type End = { outcome: SpanOutcome; error?: string | null; usage?: Usage | null } & Words;

/** The trace after what happened. Pure: the log decides, the spans only time it. */
export function follow(trace: Trace, scope: Scope, happening: Happening): Trace {
  const { at } = happening;
  return "mark" in happening
    ? followMark(trace, scope, happening.mark, at)
    : followEvent(trace, scope, happening.event, at);
}

function followMark(trace: Trace, scope: Scope, mark: ModelMark, at: number): Trace {
  const { turn } = mark;
  const before = trace.open.find((span) => span.kind === "model" && span.turn === turn);
  if (mark.type === "model_ended") {
    if (before === undefined) return trace;
    const { usage, output, error = null } = mark;
    const how: End = error === null ? { outcome: "ok", usage } : { outcome: "failed", usage, error };
    const ended = end(trace, before, { ...how, output }, at);
    return changeTurn(ended, turn, (span) => ({ usage: addUsage(span.usage ?? NO_USAGE, usage) }));
  }
  const step = `t${turn}.s${mark.step}.m`;
  const attempt = before?.id.startsWith(step) ? Number(before.id.slice(step.length)) + 1 : 1;
  // Asked again: after a failure that may pass, or because the object went away in the middle.
  const outcome = mark.why === null ? "interrupted" : "failed";
  const rest = before === undefined ? trace : end(trace, before, { outcome, error: mark.why }, at);
  const fresh = {
    id: `${step}${attempt}`,
    parent: `t${turn}`,
    turn,
    kind: "model",
    name: mark.model,
  } as const;
  return begin(rest, scope, { ...fresh, input: mark.input }, at);
}

function followEvent(trace: Trace, scope: Scope, event: EventBody, at: number): Trace {
  switch (event.type) {
    case "turn_started": {
      const id = `t${event.turn}`;
      if (trace.open.some((span) => span.id === id)) return trace;
      // A turn that never said how it ended cannot go on beside a new one.
      const rest = endAll(trace, trace.open, { outcome: "interrupted" }, at);
      const name = event.model ?? "turn";
      return begin(rest, scope, { id, parent: null, turn: event.turn, kind: "turn", name }, at);
    }
    case "turn_completed":
      return endTurn(trace, event.turn, { outcome: "ok", usage: event.usage }, at);
    case "turn_failed":
      return endTurn(trace, event.turn, { outcome: "failed", error: event.message }, at);
    case "turn_cancelled":
      return endTurn(trace, event.turn, { outcome: "cancelled" }, at);
    case "ended":
      return endAll(trace, trace.open, { outcome: "interrupted" }, at);
    case "approval":
      return followApproval(trace, scope, event.approval, at);
    case "item":
      return followItem(trace, scope, event, at);
    default:
      return trace;
  }
}

function followItem(
  trace: Trace,
  scope: Scope,
  { id, turn, item }: Extract<EventBody, { type: "item" }>,
  at: number,
): Trace {
  if (item.kind === "user_message") return item.steered ? trace : say(trace, turn, { input: item.text });
  if (item.kind === "message") return say(trace, turn, { output: item.text });
  const facts = toolOfItem(item);
  if (facts === null) return trace;
  const { outcome, name, ...rest } = facts;
  const known = trace.open.find((span) => span.id === id);
  if (known !== undefined) return outcome === null ? trace : end(trace, known, { outcome, ...rest }, at);
  // What begins after its turn has ended would have nobody to end it.
  if (outcome === null && !trace.open.some((span) => span.id === `t${turn}`)) return trace;
  const fresh = { id, parent: `t${turn}`, turn, kind: "tool", name, input: facts.input } as const;
  const begun = begin(trace, scope, fresh, at);
  const span = begun.changed.get(id);
  return outcome === null || span === undefined ? begun : end(begun, span, { outcome, ...rest }, at);
}

function followApproval(trace: Trace, scope: Scope, approval: Approval, at: number): Trace {
  const { id, status, request, tool } = approval;
  const known = trace.open.find((span) => span.id === id);
  if (status === "pending") {
    const asks =
      trace.open.find((span) => span.id === request) ?? trace.open.find(({ kind }) => kind === "turn");
    if (known !== undefined || asks === undefined) return trace;
    const fresh = { id, parent: asks.id, turn: asks.turn, kind: "approval", name: tool } as const;
    return begin(trace, scope, { ...fresh, input: approval.summary }, at);
  }
  if (known === undefined) return trace;
  const outcome = status === "allowed" ? "ok" : status === "withdrawn" ? "cancelled" : status;
  const by = approval.decided_by === null ? null : `${status} by ${approval.decided_by}`;
  return end(trace, known, { outcome, output: by }, at);
}

/** What the person or the model said last; told with the next change of the turn. */
function say(trace: Trace, turn: number, words: Words): Trace {
  const known = trace.open.find((span) => span.id === `t${turn}`);
  if (known === undefined) return trace;
  const { span, whole } = keepWords(known, words, trace.whole);
  const open = trace.open.map((each) => (each === known ? span : each));
  const changed = trace.changed.has(span.id) ? new Map(trace.changed).set(span.id, span) : trace.changed;
  return { open, changed, whole };
}

/** Changes what an open turn sums up. */
function changeTurn(
  trace: Trace,
  turn: number,
  change: (span: Span) => Partial<Pick<Span, "usage" | "tools">>,
): Trace {
  const known = trace.open.find((span) => span.id === `t${turn}`);
  if (known === undefined) return trace;
  const span: Span = { ...known, ...change(known), version: known.version + 1 };
  const open = trace.open.map((each) => (each === known ? span : each));
  return { ...trace, open, changed: new Map(trace.changed).set(span.id, span) };
}

/** One more use of a tool. */
function countTool(tools: Span["tools"] = {}, name: string): Span["tools"] {
  const key = Object.hasOwn(tools, name) || Object.keys(tools).length < MOST_TOOL_NAMES ? name : "other";
  return { ...tools, [key]: (Object.hasOwn(tools, key) ? (tools[key] ?? 0) : 0) + 1 };
}

/** Ends a turn, and with it what it left open. */
function endTurn(trace: Trace, turn: number, last: End, at: number): Trace {
  const id = `t${turn}`;
  const left = trace.open.filter((span) => span.turn === turn && span.id !== id);
  const models = left.filter(({ kind }) => kind === "model");
  const others = left.filter(({ kind }) => kind !== "model");
  const model: End = last.outcome === "ok" ? { outcome: "interrupted" } : { outcome: last.outcome };
  if (last.error !== undefined) model.error = last.error;
  const other: End = { outcome: last.outcome === "cancelled" ? "cancelled" : "interrupted" };
  const closed = endAll(endAll(trace, models, model, at), others, other, at);
  return endAll(
    closed,
    trace.open.filter((span) => span.id === id),
    last,
    at,
  );
}

function begin(trace: Trace, scope: Scope, fresh: Fresh, at: number): Trace {
  if (trace.open.length >= MOST_OPEN || fresh.id.length > SPAN_ID_CHARS) return trace;
  const name = fresh.name.slice(0, 200);
  const bare: Span = {
    id: fresh.id,
    parent: fresh.parent,
    team: scope.team,
    session: scope.session,
    turn: fresh.turn,
    kind: fresh.kind,
    name,
    started_at: at,
    ended_at: null,
    outcome: null,
    error: null,
    usage: null,
    input: null,
    output: null,
    version: 1,
  };
  const { span, whole } = keepWords(bare, fresh, trace.whole);
  const begun = { open: [...trace.open, span], changed: new Map(trace.changed).set(span.id, span), whole };
  return span.kind === "tool"
    ? changeTurn(begun, span.turn, ({ tools }) => ({ tools: countTool(tools, name) }))
    : begun;
}

function end(trace: Trace, before: Span, { input, output, error, ...how }: End, at: number): Trace {
  const words = { ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) };
  const { span, whole } = keepWords(before, words, trace.whole);
  const ended: Span = {
    ...span,
    ...how,
    ...(error === undefined ? {} : { error: error === null ? null : cutText(error).beginning }),
    ended_at: Math.max(at, span.started_at),
    version: span.version + 1,
  };
  return {
    open: trace.open.filter(({ id }) => id !== span.id),
    changed: new Map(trace.changed).set(span.id, ended),
    whole,
  };
}

function endAll(trace: Trace, spans: readonly Span[], how: End, at: number): Trace {
  return spans.reduce((sum, span) => end(sum, span, how, at), trace);
}

/** A span with the beginnings of texts; what they leave out stands beside it. */
function keepWords(
  span: Span,
  { input, output }: Words,
  whole: Trace["whole"],
): { span: Span; whole: Trace["whole"] } {
  const kept = { ...span };
  const long: WholeTexts = {};
  for (const [side, text] of [
    ["input", input],
    ["output", output],
  ] as const) {
    if (text === undefined) continue;
    const cut = text === null ? null : cutText(text);
    kept[side] = cut?.beginning ?? null;
    if ((cut?.cut ?? 0) > 0 || kept[`${side}_cut`] !== undefined) kept[`${side}_cut`] = cut?.cut ?? 0;
    if (typeof cut?.whole === "string") long[side] = cut.whole;
  }
  const none = long.input === undefined && long.output === undefined;
  return {
    span: kept,
    whole: none ? whole : new Map(whole).set(span.id, { ...whole.get(span.id), ...long }),
  };
}
