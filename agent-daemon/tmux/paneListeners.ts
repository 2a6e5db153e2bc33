import type { PaneNews, Screen } from "./tmuxPart.ts";

export type PaneListeners = {
  listen(session: string, listener: (news: PaneNews) => void): () => void;
  /** The pane was seen with this size; tells when that is news, and gives whether it is. */
  seen(session: string, cols: number, rows: number): boolean;
  /** Whether anybody listens. */
  heard(session: string): boolean;
  ended(session: string, reason: string, last: Screen | null): void;
};

/** Tells consoles what happens to the pane they show. */
export function paneListeners(): PaneListeners {
  const listeners = new Map<string, Set<(news: PaneNews) => void>>();
  const sizes = new Map<string, string>();
  const tell = (session: string, news: PaneNews) => {
    for (const listener of listeners.get(session) ?? []) listener(news);
  };
  return {
    listen(session, listener) {
      const set = listeners.get(session) ?? new Set();
      listeners.set(session, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(session) === set) listeners.delete(session);
      };
    },
    seen(session, cols, rows) {
      const size = `${cols}x${rows}`;
      const known = sizes.get(session);
      if (known === size) return false;
      sizes.set(session, size);
      tell(session, known === undefined ? { type: "appeared" } : { type: "resized", cols, rows });
      return true;
    },
    heard: (session) => listeners.has(session),
    ended(session, reason, last) {
      sizes.delete(session);
      tell(session, { type: "ended", reason, last });
    },
  };
}
