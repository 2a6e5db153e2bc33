import type { Changes, ChangesAnswer, FileChange } from "../../../protocol/changes.ts";
import { createStore, type Store } from "../../shared/lib/createStore.ts";

/** While somebody looks, the host is asked this often … */
export const EVERY_MS = 5_000;
/** … when it could not answer, this often … */
export const LATER_MS = 20_000;
/** … and at once when something points to a change, but no oftener than this. */
export const SOONEST_MS = 2_000;

export type ChangesStore = {
  changes: Pick<Store<Changes | null>, "get" | "subscribe">;
  /** Why the last question had no answer; null when it had one. */
  problem: Pick<Store<unknown>, "get" | "subscribe">;
  /** Somebody looks again, or wants to know now. */
  nudge(): void;
  /** What may point to a change: when it is another one, the host is asked. */
  hint(hint: string): void;
  /** Begins to ask; the returned function ends it. */
  start(): () => void;
};

type Parts = {
  fetchChanges(known: string | null, signal: AbortSignal): Promise<ChangesAnswer>;
  /** Whether anybody can see the page. */
  isSeen(): boolean;
  now(): number;
  /** Runs something after a time; the returned function takes it back. */
  after(ms: number, run: () => void): () => void;
};

/** What a session changed, asked for again while somebody looks. */
export function createChangesStore({ fetchChanges, isSeen, now, after }: Parts): ChangesStore {
  const changes = createStore<Changes | null>(null);
  const problem = createStore<unknown>(null);
  let running: AbortController | null = null;
  let stopped = true;
  let again = false;
  let hinted: string | null = null;
  let began = Number.NEGATIVE_INFINITY;
  let cancel = (): void => {};

  function plan(ms: number): void {
    cancel();
    if (!stopped) cancel = after(ms, () => void look());
  }

  async function look(): Promise<void> {
    // Nobody sees it: the next look is theirs, by `nudge`.
    if (stopped || !isSeen() || running !== null) return;
    const mine = new AbortController();
    running = mine;
    again = false;
    began = now();
    let wait = EVERY_MS;
    try {
      const answer = await fetchChanges(changes.get()?.version ?? null, mine.signal);
      if (mine.signal.aborted) return;
      if (answer.status === "changes") changes.set(withKnownFiles(answer, changes.get()));
      problem.set(null);
    } catch (error) {
      if (mine.signal.aborted) return;
      problem.set(error);
      wait = LATER_MS;
    }
    running = null;
    if (again) nudge();
    else plan(wait);
  }

  function nudge(): void {
    again = running !== null;
    if (!again) plan(Math.max(0, began + SOONEST_MS - now()));
  }

  return {
    changes,
    problem,
    nudge,
    hint(hint) {
      if (hinted !== null && hinted !== hint) nudge();
      hinted = hint;
    },
    start() {
      stopped = false;
      void look();
      return () => {
        stopped = true;
        cancel();
        running?.abort();
        running = null;
      };
    },
  };
}

/** Files that are as they were stay the same objects, so that only the others are drawn anew. */
function withKnownFiles(next: Changes, before: Changes | null): Changes {
  const known = new Map<string, FileChange>(before?.files.map((file) => [JSON.stringify(file), file]));
  return { ...next, files: next.files.map((file) => known.get(JSON.stringify(file)) ?? file) };
}
