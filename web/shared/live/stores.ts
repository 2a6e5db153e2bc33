import { batchedSet } from "./batchedSet.ts";
import { startHubStore, type HubStore } from "./hubStore.ts";

let hubStore: HubStore | null = null;

/** The hub's connection of this page; opened on first use. */
export function hub(): HubStore {
  hubStore ??= startHubStore({ show: batchedSet });
  return hubStore;
}

/** Ends the hub's connection (the person signed out). */
export function stopHub(): void {
  hubStore?.stop();
  hubStore = null;
}

/** Tasks and runs that this page has shown whole: whoever looked wants to know how they end. */
export const followed = new Set<string>();
