import { createStore } from "../lib/createStore.ts";

export type Toast = {
  id: number;
  kind: "plain" | "trouble";
  text: string;
  /** Lines below the text: what would be lost, and the like. */
  details?: readonly string[];
  /** Where it leads. */
  link?: { href: string; label: string };
};

/** Toasts that are shown; the newest last. */
export const toasts = createStore<readonly Toast[]>([]);

const LIFE_MS = 4_000;
const TROUBLE_LIFE_MS = 10_000;
const MAX_SHOWN = 4;
let lastId = 0;

/** Says something in the corner for a while. The same words again replace the older ones. */
export function showToast(toast: Pick<Toast, "text" | "details" | "link"> & { kind?: Toast["kind"] }): void {
  const shown: Toast = { kind: "plain", ...toast, id: ++lastId };
  toasts.set([...toasts.get().filter((other) => other.text !== shown.text), shown].slice(-MAX_SHOWN));
  setTimeout(
    () => dismissToast(shown.id),
    shown.kind === "trouble" || shown.link !== undefined ? TROUBLE_LIFE_MS : LIFE_MS,
  );
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
