import type { Span, SpanKind, SpanOutcome } from "../../../protocol/traces.ts";

/** Where a span stands. `unknown`: it never said how it ended, and nobody will any more. */
export type SpanState = SpanOutcome | "running" | "waiting" | "unknown";

/** A span and what was done within it, in order. */
export type SpanNode = { span: Span; state: SpanState; children: SpanNode[] };

/** A turn with what was done in it; `end` null while it runs. All its bars stand on one axis, from `start` on. */
export type TurnTree = {
  turn: number;
  /** Null while the page that has it is not here. */
  root: Span | null;
  state: SpanState;
  start: number;
  end: number | null;
  children: SpanNode[];
};

/** What is looked for: a kind of span, and spans that did not go well or were slow. */
export type TraceFilter = { kind: Exclude<SpanKind, "turn"> | null; outcome: "all" | "trouble" | "slow" };

export const ALL_SPANS: TraceFilter = { kind: null, outcome: "all" };

/** One line of the tree. */
export type TraceRow = {
  key: string;
  depth: number;
  tree: TurnTree;
  /** Null for the turn itself. */
  node: SpanNode | null;
  /** Whether what is below is shown; null when there is nothing below. */
  unfolded: boolean | null;
  /** The line that this one is below. */
  parent: string | null;
};

const MODEL_ID = /^(t\d+\.s\d+\.)m\d+$/;
const CALL_ID = /^(t\d+\.s\d+\.)c/;

/** The spans as trees, one per turn, in the order of the turns. `away`: the host of the session is not there to tell. */
export function buildTurns(spans: Iterable<Span>, away: boolean): TurnTree[] {
  const turns = new Map<number, Span[]>();
  for (const span of spans) {
    const known = turns.get(span.turn);
    if (known === undefined) turns.set(span.turn, [span]);
    else known.push(span);
  }
  const numbers = [...turns.keys()].sort((a, b) => a - b);
  const newest = numbers.at(-1);
  return numbers.map((turn) => buildTurn(turn, turns.get(turn) ?? [], { away, isNewest: turn === newest }));
}

function buildTurn(
  turn: number,
  unsorted: Span[],
  { away, isNewest }: { away: boolean; isNewest: boolean },
): TurnTree {
  const spans = unsorted.toSorted((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1));
  const root = spans.find(({ kind }) => kind === "turn") ?? null;
  const isOver = root === null ? !isNewest : root.ended_at !== null || !isNewest;
  const nodes = new Map<string, SpanNode>();
  /** The model call that made the calls of a step: its last one. */
  const asked = new Map<string, string>();
  for (const span of spans) {
    if (span === root) continue;
    nodes.set(span.id, { span, state: stateOf(span, isOver, away), children: [] });
    const step = MODEL_ID.exec(span.id)?.[1];
    if (step !== undefined) asked.set(step, span.id);
  }
  const children: SpanNode[] = [];
  for (const node of nodes.values()) {
    const step = CALL_ID.exec(node.span.id)?.[1];
    const maker = step === undefined ? undefined : asked.get(step);
    const parent = nodes.get(maker ?? node.span.parent ?? "");
    // An agent's own ids may say anything: what names itself as its parent stands below the turn.
    if (parent === undefined || parent === node || isBelow(parent, node)) children.push(node);
    else parent.children.push(node);
  }
  for (const node of nodes.values())
    if (node.state === "running" && node.children.some(({ state }) => state === "waiting"))
      node.state = "waiting";
  const start = Math.min(...spans.map(({ started_at }) => started_at));
  const last = Math.max(...spans.map(({ started_at, ended_at }) => ended_at ?? started_at));
  const waits = [...nodes.values()].some(({ state }) => state === "waiting");
  const state =
    root === null
      ? isOver
        ? "ok"
        : "running"
      : (root.outcome ?? (isOver ? "unknown" : waits ? "waiting" : "running"));
  return { turn, root, state, start, end: isOver ? Math.max(last, start) : null, children };
}

/** Whether a node stands somewhere below another. */
function isBelow(node: SpanNode, other: SpanNode): boolean {
  return other.children.some((child) => child === node || isBelow(node, child));
}

function stateOf(span: Span, turnIsOver: boolean, away: boolean): SpanState {
  if (span.outcome !== null) return span.outcome;
  if (turnIsOver) return "unknown";
  if (isWait(span)) return "waiting";
  return away && span.kind === "tool" ? "unknown" : "running";
}

/** Whether a span is time in which a person was waited for. */
export function isWait({ kind, name }: Pick<Span, "kind" | "name">): boolean {
  return kind === "approval" || (kind === "tool" && name === "ask_user");
}

/** The lines to show. A filter shows what it finds with what that is in, whatever is folded. */
export function traceRows(
  turns: readonly TurnTree[],
  { filter, isUnfolded }: { filter: TraceFilter; isUnfolded: (key: string, depth: number) => boolean },
): TraceRow[] {
  const filtered = filter.kind !== null || filter.outcome !== "all";
  const rows: TraceRow[] = [];
  const put = (tree: TurnTree, nodes: readonly SpanNode[], depth: number, parent: string): void => {
    for (const node of nodes) {
      const below = filtered ? node.children.filter((child) => has(child, filter)) : node.children;
      const key = rowKey(tree.turn, node.span.id);
      const unfolded = below.length === 0 ? null : filtered || isUnfolded(key, depth);
      rows.push({ key, depth, tree, node, unfolded, parent });
      if (unfolded === true) put(tree, below, depth + 1, key);
    }
  };
  for (const tree of turns) {
    const below = filtered ? tree.children.filter((child) => has(child, filter)) : tree.children;
    if (filtered && below.length === 0) continue;
    const key = rowKey(tree.turn, null);
    const unfolded = below.length === 0 ? null : filtered || isUnfolded(key, 0);
    rows.push({ key, depth: 0, tree, node: null, unfolded, parent: null });
    if (unfolded === true) put(tree, below, 1, key);
  }
  return rows;
}

/** Names a line; ids are of their turn. */
export function rowKey(turn: number, span: string | null): string {
  return span === null ? `turn ${turn}` : `${turn} ${span}`;
}

function has(node: SpanNode, filter: TraceFilter): boolean {
  return fits(node, filter) || node.children.some((child) => has(child, filter));
}

const FINE = new Set<SpanState>(["ok", "running", "waiting"]);

function fits(node: SpanNode, { kind, outcome }: TraceFilter): boolean {
  const { span, state } = node;
  if (kind !== null && span.kind !== kind) return false;
  if (outcome === "trouble") return !FINE.has(state);
  if (outcome === "slow") return span.ended_at === null || paceOf(workedMs(node, span.ended_at)) === "slow";
  return true;
}

export type Pace = "quick" | "usual" | "slow";
export const USUAL_MS = 1_000;
export const SLOW_MS = 10_000;

/** How long something took, as a colour tells it. */
export function paceOf(ms: number): Pace {
  return ms < USUAL_MS ? "quick" : ms < SLOW_MS ? "usual" : "slow";
}

/** How long a span took, without the time in which a person was waited for. */
export function workedMs({ span, children }: SpanNode, now: number): number {
  const length = (each: Span): number => (each.ended_at ?? now) - each.started_at;
  const waits = isWait(span) ? [] : children.filter((child) => isWait(child.span));
  return waits.reduce((left, child) => left - length(child.span), length(span));
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The length of an axis for so much time: a round number, so that it does not change with every moment of a running turn. */
export function axisLength(ms: number): number {
  const wanted = Math.max(ms, 10);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return (STEPS.find((step) => step * power >= wanted) ?? 10) * power;
}

/** Where a bar begins and how long it is, in percent of its turn's axis. */
export function barOf(
  { started_at, ended_at }: Pick<Span, "started_at" | "ended_at">,
  tree: Pick<TurnTree, "start" | "end">,
  now: number,
): { left: number; width: number } {
  const until = tree.end ?? Math.max(now, tree.start);
  const length = axisLength(until - tree.start);
  const percent = (at: number): number => Math.min(100, Math.max(0, ((at - tree.start) / length) * 100));
  const left = percent(started_at);
  return { left, width: Math.max(0, percent(ended_at ?? until) - left) };
}
