import { api } from "../api/endpoints.ts";
import { startLocalCopies } from "../local/localCopies.ts";
import { batchedSet } from "./batchedSet.ts";
import { keepCopy, type KeptCopy } from "./keepCopy.ts";
import { startSessionStore, type SessionStore } from "./sessionStore.ts";

/** A session's connection is kept for a while after its page was left, so that going back is instant. */
const LINGER_MS = 30_000;

/** What this browser keeps of sessions. */
export const localCopies = startLocalCopies();

type Held = {
  store: SessionStore;
  copy: KeptCopy;
  holders: number;
  ending: ReturnType<typeof setTimeout> | undefined;
};
const held = new Map<string, Held>();

function keep(id: string): Held {
  const known = held.get(id);
  if (known !== undefined) return known;
  const copy = keepCopy(id, localCopies);
  const fresh: Held = {
    store: startSessionStore({ id, show: batchedSet, fetchOlder: api.olderEvents, copy }),
    copy,
    holders: 0,
    ending: undefined,
  };
  held.set(id, fresh);
  endLater(id, fresh);
  return fresh;
}

function endLater(id: string, entry: Held): void {
  clearTimeout(entry.ending);
  entry.ending = setTimeout(() => {
    entry.store.stop();
    if (held.get(id) === entry) held.delete(id);
  }, LINGER_MS);
}

/** The connection of a session, opened on first use. It ends some time after the last holder let go. */
export function sessionStore(id: string): SessionStore {
  return keep(id).store;
}

/** Holds a session's connection open; the returned function lets go. */
export function holdSession(id: string): () => void {
  const entry = keep(id);
  entry.holders++;
  clearTimeout(entry.ending);
  return () => {
    entry.holders--;
    if (entry.holders === 0) endLater(id, entry);
  };
}

/** Ends every session's connection (the person signed out). */
export function stopSessions(): void {
  for (const { store, ending } of held.values()) {
    clearTimeout(ending);
    store.stop();
  }
  held.clear();
}

/** Keeps what is not kept yet: the page may end now. */
function flushCopies(): void {
  for (const { copy } of held.values()) copy.flush();
}
addEventListener("pagehide", flushCopies);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flushCopies();
});
