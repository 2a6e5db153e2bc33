import { useSyncExternalStore } from "react";
import type { Store } from "./createStore.ts";

/** The store's value, live. */
export function useStore<T>(store: Pick<Store<T>, "get" | "subscribe">): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
