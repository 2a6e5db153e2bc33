import type { ConsoleWatcher } from "./link/startLink.ts";
import type { TokenAnswer } from "./readToken.ts";

/** Consoles as they are made for one address and token. */
export type ConsoleSet = {
  watch(session: string): void;
  unwatch(session: string): void;
  stop(): Promise<void>;
};

export type ConsoleWatcherDeps = {
  url: string;
  token: () => TokenAnswer;
  start: (access: { url: string; token: string }) => ConsoleSet;
};

/** Keeps exactly the watched consoles open; after the token was rotated they are made anew with the new one. */
export function startConsoleWatcher({
  url,
  token,
  start,
}: ConsoleWatcherDeps): ConsoleWatcher & { stop(): Promise<void> } {
  const watched = new Set<string>();
  let set: ConsoleSet | null = null;
  let usedToken: string | null = null;
  let closing: Promise<void> = Promise.resolve();

  function ready(): ConsoleSet | null {
    const answer = token();
    if ("missing" in answer) return set; // the link says so; what is open stays open
    if (set !== null && answer.token === usedToken) return set;
    const old = set;
    if (old !== null) closing = closing.then(() => old.stop());
    usedToken = answer.token;
    set = start({ url, token: answer.token });
    for (const session of watched) set.watch(session);
    return set;
  }

  return {
    watch(session) {
      const open = ready();
      watched.add(session);
      open?.watch(session);
    },
    unwatch(session) {
      watched.delete(session);
      set?.unwatch(session);
    },
    watchOnly(sessions) {
      for (const session of watched) if (!sessions.includes(session)) this.unwatch(session);
      for (const session of sessions) this.watch(session);
    },
    async stop() {
      watched.clear();
      await closing;
      await set?.stop();
      set = null;
    },
  };
}
