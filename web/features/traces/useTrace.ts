import { useEffect, useMemo } from "react";
import type { SpanKind } from "../../../protocol/traces.ts";
import { api } from "../../shared/api/endpoints.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { batchedSet } from "../../shared/live/batchedSet.ts";
import { sessionStore } from "../../shared/live/sessionStores.ts";
import { createTraceStore, type TraceStore } from "./createTraceStore.ts";
import type { TraceState } from "./traceState.ts";

/** The trace of a session, live while it is shown: all of it, or the spans of one kind. */
export function useTrace(
  session: string,
  kind?: SpanKind,
): { trace: TraceState; problem: unknown; store: TraceStore } {
  const store = useMemo(
    () =>
      createTraceStore({
        fetchPage: (query) => api.traces(session, kind === undefined ? query : { ...query, kind }),
        follow: sessionStore(session).followSpans,
        wants: (span) => kind === undefined || span.kind === kind,
        show: batchedSet,
      }),
    [session, kind],
  );
  useEffect(() => store.start(), [store]);
  return { trace: useStore(store.state), problem: useStore(store.problem), store };
}
