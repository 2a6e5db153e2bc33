import type { Span } from "../../../protocol/traces.ts";

/** What is known of a session's trace: its newest spans, without holes, and where the older ones are. */
export type TraceState = {
  spans: ReadonlyMap<string, Span>;
  /** Where the older ones begin; null when all are here. */
  cursor: string | null;
  /** True once the newest page was here. */
  loaded: boolean;
};

/** A page of spans, newest first. */
export type SpanPage = { items: Span[]; next_cursor: string | null };

export const NO_TRACE: TraceState = { spans: new Map(), cursor: null, loaded: false };

/** The state with spans in it; an older version of one that is here changes nothing. */
export function withSpans(state: TraceState, fresh: readonly Span[]): TraceState {
  const newer = fresh.filter((span) => (state.spans.get(span.id)?.version ?? 0) < span.version);
  if (newer.length === 0) return state;
  const spans = new Map(state.spans);
  for (const span of newer) spans.set(span.id, span);
  return { ...state, spans };
}

/**
 * The state after the newest page came (again). When it does not reach what is here, that is let go: there would be a hole
 * between them. `turns`: those whose open spans the page does not tell of; they have to be asked for.
 */
export function withNewest(state: TraceState, page: SpanPage): { state: TraceState; turns: number[] } {
  const { items, next_cursor } = page;
  const reaches = next_cursor === null || items.some(({ id }) => state.spans.has(id));
  if (!state.loaded || !reaches) {
    const oldest = items.at(-1)?.started_at ?? 0;
    const live = [...state.spans.values()].filter(({ started_at }) => started_at >= oldest);
    const spans = new Map(items.map((span) => [span.id, span]));
    return { state: withSpans({ spans, cursor: next_cursor, loaded: true }, live), turns: [] };
  }
  const told = new Set(items.map(({ id }) => id));
  const open = [...state.spans.values()].filter((span) => span.ended_at === null && !told.has(span.id));
  return { state: withSpans(state, items), turns: [...new Set(open.map(({ turn }) => turn))] };
}

/** The state with the page after its cursor. */
export function withOlder(state: TraceState, page: SpanPage): TraceState {
  return { ...withSpans(state, page.items), cursor: page.next_cursor };
}
