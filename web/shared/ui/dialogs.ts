import { createStore } from "../lib/createStore.ts";

/** Dialogs that can be opened from anywhere. */
export type OpenDialog =
  | { name: "new"; host?: string; cwd?: string }
  | { name: "enrol" }
  | { name: "palette" }
  | { name: "keys" };

/** The one that is open. */
export const openDialog = createStore<OpenDialog | null>(null);

export function closeDialog(): void {
  openDialog.set(null);
}
