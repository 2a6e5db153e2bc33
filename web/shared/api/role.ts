import { useSyncExternalStore } from "react";
import type { Me } from "../../../protocol/api.ts";
import { createStore } from "../lib/createStore.ts";

/** What the person on this browser may do; null while that is not known. */
export const role = createStore<Me["role"] | null>(null);

/** The role of the person on this browser. */
export function useRole(): Me["role"] | null {
  return useSyncExternalStore(role.subscribe, role.get);
}
