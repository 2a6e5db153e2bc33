import type { Store } from "../lib/createStore.ts";

/** Longest time that a change waits to be shown. */
const SHOW_WITHIN_MS = 50;

/**
 * Gives the store its newest value once per drawn frame, however often it changes: a busy hub must not draw the page more often
 * than the screen can show. A hidden page draws no frames, so a timer does it there.
 */
export function batchedSet<T>(store: Store<T>): { set(value: T): void; flush(): void } {
  let pending: { value: T } | null = null;
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    const due = pending;
    pending = null;
    if (due !== null) store.set(due.value);
  }

  return {
    set(value) {
      const scheduled = pending !== null;
      pending = { value };
      if (scheduled) return;
      frame = requestAnimationFrame(flush);
      timer = setTimeout(flush, SHOW_WITHIN_MS);
    },
    flush,
  };
}
