import { useEffect, useMemo } from "react";
import { ChangesAnswer } from "../../../protocol/changes.ts";
import { request } from "../../shared/api/request.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { createChangesStore, type ChangesStore } from "./createChangesStore.ts";

/** What a session changed, live while it is shown. `hint`: when it is another one, there may be a change. */
export function useChanges(session: string, hint: string) {
  const store = useMemo(() => changesOf(session), [session]);
  useEffect(() => {
    const stop = store.start();
    document.addEventListener("visibilitychange", store.nudge);
    return () => {
      document.removeEventListener("visibilitychange", store.nudge);
      stop();
    };
  }, [store]);
  useEffect(() => store.hint(hint), [store, hint]);
  return { changes: useStore(store.changes), problem: useStore(store.problem), retry: store.nudge };
}

function changesOf(session: string): ChangesStore {
  return createChangesStore({
    fetchChanges(known, signal) {
      const query = known === null ? "" : `?known=${encodeURIComponent(known)}`;
      return request(`/sessions/${encodeURIComponent(session)}/changes${query}`, ChangesAnswer, { signal });
    },
    isSeen: () => document.visibilityState === "visible",
    now: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
}
