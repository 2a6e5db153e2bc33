import type { Approval } from "../../../protocol/approvals.ts";
import type { EventBody, Usage } from "../../../protocol/events.ts";
import { SPAN_ID_CHARS, type Span, type SpanOutcome } from "../../../protocol/traces.ts";
import { preview } from "./preview.ts";
import { toolOfItem } from "./toolOfItem.ts";

/** Spans that run at once; what begins beyond it is not traced. All are one row, which has at most 2 MB. */
export const MOST_OPEN = 100;

/** What the log does not say of a model call: when it was asked (`why`: of an attempt before it), and what a step cost. */
export type ModelMark =
  | { type: "model_started"; turn: number; step: number; model: string; input: string; why: string | null }
  | { type: "model_ended"; turn: number; usage: Usage; output: string };

/** Something that moves a trace on. */
export type Happening = { at: number } & ({ event: EventBody } | { mark: ModelMark });

/** The spans that have not ended, in the order they began, and those that began or ended since `changed` was empty. */
export type Trace = { open: readonly Span[]; changed: ReadonlyMap<string, Span> };

export type Scope = Pick<Span, "team" | "session">;

type Fresh = Pick<Span, "id" | "parent" | "turn" | "kind" | "name"> & Partial<Pick<Span, "input">>;
type End = { outcome: SpanOutcome } & Partial<Pick<Span, "error" | "usage" | "input" | "output">>;

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
  if (mark.type === "model_ended")
    return before === undefined
      ? trace
      : end(trace, before, { outcome: "ok", usage: mark.usage, output: preview(mark.output) }, at);
  const step = `t${turn}.s${mark.step}.m`;
  const attempt = before?.id.startsWith(step) ? Number(before.id.slice(step.length)) + 1 : 1;
  // Asked again: after a failure that may pass, or because the object went away in the middle.
  const outcome = mark.why === null ? "interrupted" : "failed";
  const error = mark.why === null ? null : preview(mark.why);
  const rest = before === undefined ? trace : end(trace, before, { outcome, error }, at);
  const fresh = {
    id: `${step}${attempt}`,
    parent: `t${turn}`,
    turn,
    kind: "model",
    name: mark.model,
  } as const;
  return begin(rest, scope, { ...fresh, input: preview(mark.input) }, at);
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
      return endTurn(trace, event.turn, { outcome: "failed", error: preview(event.message) }, at);
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
  if (item.kind === "user_message") return say(trace, turn, { input: preview(item.text) });
  if (item.kind === "message") return say(trace, turn, { output: preview(item.text) });
  const facts = toolOfItem(item);
  if (facts === null) return trace;
  const { outcome, name, ...rest } = facts;
  const known = trace.open.find((span) => span.id === id);
  if (known !== undefined) return outcome === null ? trace : end(trace, known, { outcome, ...rest }, at);
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
    return begin(trace, scope, { ...fresh, input: preview(approval.summary) }, at);
  }
  if (known === undefined) return trace;
  const outcome = status === "allowed" ? "ok" : status === "withdrawn" ? "cancelled" : status;
  const by = approval.decided_by === null ? null : `${status} by ${approval.decided_by}`;
  return end(trace, known, { outcome, output: by }, at);
}

/** What the person or the model said last; told with the next change of the turn. */
function say(trace: Trace, turn: number, words: Partial<Pick<Span, "input" | "output">>): Trace {
  const id = `t${turn}`;
  const put = (span: Span) => (span.id === id ? { ...span, ...words } : span);
  const changed = trace.changed.has(id)
    ? new Map([...trace.changed].map(([key, span]) => [key, put(span)]))
    : trace.changed;
  return { open: trace.open.map(put), changed };
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
  const span: Span = {
    id: fresh.id,
    parent: fresh.parent,
    team: scope.team,
    session: scope.session,
    turn: fresh.turn,
    kind: fresh.kind,
    name: fresh.name.slice(0, 200),
    started_at: at,
    ended_at: null,
    outcome: null,
    error: null,
    usage: null,
    input: fresh.input ?? null,
    output: null,
    version: 1,
  };
  return { open: [...trace.open, span], changed: new Map(trace.changed).set(span.id, span) };
}

function end(trace: Trace, span: Span, how: End, at: number): Trace {
  const ended: Span = { ...span, ...how, ended_at: Math.max(at, span.started_at), version: span.version + 1 };
  return {
    open: trace.open.filter(({ id }) => id !== span.id),
    changed: new Map(trace.changed).set(span.id, ended),
  };
}

function endAll(trace: Trace, spans: readonly Span[], how: End, at: number): Trace {
  return spans.reduce((sum, span) => end(sum, span, how, at), trace);
}
