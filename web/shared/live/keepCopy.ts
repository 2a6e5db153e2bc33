import type { LocalCopies } from "../local/localCopies.ts";
import { readCopy, writeCopy } from "../local/sessionCopy.ts";
import type { SessionState } from "./sessionState.ts";

/** A session that changes is kept at most once within this. */
const KEEP_WITHIN_MS = 2_000;

/** The local copy of one session. */
export type KeptCopy = {
  read(): Promise<SessionState | null>;
  /** The session is so now; kept a little later. */
  changed(state: SessionState): void;
  /** Keeps what is not kept yet. */
  flush(): void;
  /** As {@link flush}, and nothing after it. */
  stop(): void;
  /** The session is gone, or not this person's. */
  forget(): void;
};

/** Keeps a session's copy in this browser as it changes. */
export function keepCopy(id: string, copies: LocalCopies): KeptCopy {
  let pending: SessionState | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    if (!copies.owned()) return; // whose it is will be known a little later
    clearTimeout(timer);
    timer = undefined;
    const text = pending === null ? null : writeCopy(pending);
    pending = null;
    if (text !== null) void copies.write(id, text);
  }

  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      flush();
      if (pending !== null) later();
    }, KEEP_WITHIN_MS);
  }

  function drop(): void {
    clearTimeout(timer);
    timer = undefined;
    pending = null;
  }

  return {
    async read() {
      const text = await copies.read(id);
      return text === null ? null : readCopy(id, text);
    },
    changed(state) {
      pending = state;
      later();
    },
    flush,
    stop() {
      flush();
      drop();
    },
    forget() {
      drop();
      void copies.forget(id);
    },
  };
}
