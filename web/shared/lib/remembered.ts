import { createStore, type Store } from "./createStore.ts";

/** A value that this browser remembers. `read` makes it of what was stored (null: nothing was), and of nonsense. */
export function remembered<T>(
  key: string,
  read: (stored: string | null) => T,
  write: (value: T) => string,
): Store<T> {
  const name = `signalbox.${key}`;
  const store = createStore<T>(read(stored(name)));
  return {
    ...store,
    set(value) {
      store.set(value);
      try {
        localStorage.setItem(name, write(value));
      } catch {
        // Storage is blocked or full: the value lasts as long as the page.
      }
    },
  };
}

/** As {@link remembered}, for a number within bounds. */
export function rememberedNumber(key: string, fallback: number, min: number, max: number): Store<number> {
  return remembered(
    key,
    (text) => {
      const value = text === null ? Number.NaN : Number(text);
      return Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : fallback;
    },
    String,
  );
}

function stored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // storage is blocked
  }
}
