import type { Span } from "../../../protocol/traces.ts";
import { createStore, type Store } from "../../shared/lib/createStore.ts";
import { NO_TRACE, withNewest, withOlder, withSpans, type SpanPage, type TraceState } from "./traceState.ts";

export type TraceStore = {
  state: Pick<Store<TraceState>, "get" | "subscribe">;
  /** Why what was asked for last did not come; null when it did, or is on its way. */
  problem: Pick<Store<unknown>, "get" | "subscribe">;
  /** Fetches the page before the oldest span that is here; false when there is none, or it could not be fetched now. */
  loadOlder(): Promise<boolean>;
  refresh(): void;
  /** Begins to follow; the returned function ends it. */
  start(): () => void;
};

type Parts = {
  fetchPage(query: { turn?: number; cursor?: string }): Promise<SpanPage>;
  /** Tells of each span as it begins, changes and ends, and `null` when some may have been missed. */
  follow(listener: (span: Span | null) => void): () => void;
  /** Whether this store is about a span. */
  wants?: (span: Span) => boolean;
  show?: (store: Store<TraceState>) => { set(value: TraceState): void };
};

/** Pages of one turn that are fetched at most to learn how its open spans ended. */
const MOST_PAGES = 20;

/** A session's trace: its newest page, then each span as it changes, and that page again when some were missed. */
export function createTraceStore({ fetchPage, follow, wants = () => true, show }: Parts): TraceStore {
  const shown = createStore(NO_TRACE);
  const screen = show?.(shown) ?? shown;
  let state = NO_TRACE;
  const problem = createStore<unknown>(null);
  let stopped = true;
  let fetching = false;
  let again = false;
  let loading: Promise<boolean> | null = null;

  function put(next: TraceState): void {
    if (stopped || next === state) return;
    state = next;
    screen.set(next);
  }

  async function fetchNewest(): Promise<void> {
    const page = await fetchPage({});
    const newest = withNewest(state, page);
    put(newest.state);
    for (const turn of newest.turns) {
      let cursor: string | null = "";
      for (let page = 0; page < MOST_PAGES && cursor !== null; page++) {
        const { items, next_cursor } = await fetchPage(cursor === "" ? { turn } : { turn, cursor });
        put(withSpans(state, items));
        cursor = next_cursor;
      }
    }
  }

  async function refresh(): Promise<void> {
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    try {
      do {
        again = false;
        await fetchNewest();
      } while (again);
      problem.set(null);
    } catch (error) {
      problem.set(error);
    } finally {
      fetching = false;
    }
  }

  async function fetchOlder(): Promise<boolean> {
    const { cursor } = state;
    if (cursor === null) return false;
    try {
      const page = await fetchPage({ cursor });
      problem.set(null);
      if (state.cursor !== cursor) return false; // it began anew meanwhile
      put(withOlder(state, page));
      return true;
    } catch (error) {
      problem.set(error);
      return false;
    }
  }

  return {
    state: shown,
    problem,
    loadOlder() {
      loading ??= fetchOlder().finally(() => {
        loading = null;
      });
      return loading;
    },
    refresh: () => void refresh(),
    start() {
      stopped = false;
      const unfollow = follow((span) => {
        if (span === null) void refresh();
        else if (wants(span)) put(withSpans(state, [span]));
      });
      void refresh();
      return () => {
        stopped = true;
        unfollow();
      };
    },
  };
}
