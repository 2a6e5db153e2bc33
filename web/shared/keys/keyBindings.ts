import { createStore } from "../lib/createStore.ts";
import { keyMatches } from "./keyMatches.ts";

export type KeyBinding = {
  /** As for `keyMatches`; several do the same. */
  keys: string[];
  /** What it does, in words. */
  label: string;
  /** Where it belongs in the list of keys. */
  group: string;
  run(): void;
  /** Also while a field or the terminal has the focus. */
  everywhere?: boolean;
};

type Source = () => readonly KeyBinding[];

/** Where the bindings come from that hold now, the most particular last. */
export const keySources = createStore<readonly Source[]>([]);

/** Adds bindings, read whenever a key is pressed; the returned function takes them away. */
export function addKeySource(source: Source): () => void {
  keySources.set([...keySources.get(), source]);
  return () => keySources.set(keySources.get().filter((other) => other !== source));
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Starts listening for keys. */
export function startKeyBindings(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const target = event.target;
    const typing = isTyping(target);
    // In a dialog or menu, keys are its own.
    const inside =
      target instanceof Element &&
      target.closest('[role="dialog"],[role="alertdialog"],[role="menu"]') !== null;
    // Enter and Space on a button or link press that.
    const pressing =
      target instanceof Element &&
      event.key === "Enter" &&
      target.closest("button,a,[role=tab],summary") !== null;
    const binding = keySources
      .get()
      .flatMap((source) => source())
      .findLast(
        (each) =>
          each.keys.some((key) => keyMatches(key, event)) &&
          (each.everywhere === true || (!typing && !inside && !pressing)),
      );
    if (binding === undefined) return;
    event.preventDefault();
    binding.run();
  });
}
