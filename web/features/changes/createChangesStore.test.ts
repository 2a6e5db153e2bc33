import { describe, expect, test } from "vitest";
import type { Changes, ChangesAnswer } from "../../../protocol/changes.ts";
import { createChangesStore, EVERY_MS, LATER_MS, SOONEST_MS } from "./createChangesStore.ts";

const changes = (version: string, ...paths: string[]): Changes => ({
  status: "changes",
  version,
  root: "/r",
  inside: "",
  branch: null,
  base: null,
  more: 0,
  files: paths.map((path) => ({ path, kind: "added", staged: null, added: 1, removed: 0, patch: version })),
});

/** A store whose host and time the test plays. */
function rig() {
  let time = 0;
  let seen = true;
  const timers = new Set<{ at: number; run: () => void }>();
  const asked: { known: string | null; signal: AbortSignal; answer: PromiseWithResolvers<ChangesAnswer> }[] =
    [];
  const store = createChangesStore({
    fetchChanges(known, signal) {
      const answer = Promise.withResolvers<ChangesAnswer>();
      asked.push({ known, signal, answer });
      return answer.promise;
    },
    isSeen: () => seen,
    now: () => time,
    after(ms, run) {
      const timer = { at: time + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  return {
    store,
    asked,
    see: (next: boolean) => (seen = next),
    async pass(ms: number) {
      time += ms;
      for (const timer of timers)
        if (timer.at <= time) {
          timers.delete(timer);
          timer.run();
        }
      await Promise.resolve();
    },
    async answer(given: ChangesAnswer | Error) {
      const last = asked.at(-1)?.answer;
      if (given instanceof Error) last?.reject(given);
      else last?.resolve(given);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("the changes of a session", () => {
  test("are asked for again and again, and only what differs is drawn anew", async () => {
    const { store, asked, pass, answer } = rig();
    store.start();
    await answer(changes("1", "a", "b"));
    const [first] = store.changes.get()?.files ?? [];
    await pass(EVERY_MS - 1);
    expect(asked).toHaveLength(1);
    await pass(1);
    expect(asked[1]?.known).toBe("1");
    const next = changes("2", "c");
    next.files.unshift(...changes("1", "a").files);
    await answer(next);
    expect(store.changes.get()?.files.map(({ path }) => path)).toEqual(["a", "c"]);
    expect(store.changes.get()?.files[0]).toBe(first);
    await pass(EVERY_MS);
    await answer({ status: "same", version: "2" });
    expect(store.changes.get()?.version).toBe("2");
  });

  test("are asked for soon when something points to a change, never twice at a time nor too often", async () => {
    const { store, asked, pass, answer } = rig();
    store.start();
    store.hint("dirty: 1");
    await answer(changes("1"));
    store.hint("dirty: 1");
    await pass(SOONEST_MS);
    expect(asked).toHaveLength(1);
    store.hint("dirty: 2");
    await pass(0);
    expect(asked).toHaveLength(2);
    store.hint("dirty: 3");
    store.nudge();
    expect(asked).toHaveLength(2);
    await answer(changes("2"));
    await pass(SOONEST_MS - 1);
    expect(asked).toHaveLength(2);
    await pass(1);
    expect(asked).toHaveLength(3);
  });

  test("are not asked for while nobody looks, and at once when somebody does again", async () => {
    const { store, asked, see, pass, answer } = rig();
    const stop = store.start();
    await answer(changes("1"));
    see(false);
    await pass(10 * EVERY_MS);
    expect(asked).toHaveLength(1);
    see(true);
    store.nudge();
    await pass(0);
    expect(asked).toHaveLength(2);
    stop();
    expect(asked[1]?.signal.aborted).toBe(true);
    await answer(changes("2"));
    await pass(10 * EVERY_MS);
    expect(store.changes.get()?.version).toBe("1");
    expect(asked).toHaveLength(2);
  });

  test("stay shown when a question fails, with why", async () => {
    const { store, asked, pass, answer } = rig();
    store.start();
    await answer(changes("1", "a"));
    await pass(EVERY_MS);
    await answer(new Error("The host is offline."));
    expect(store.problem.get()).toMatchObject({ message: "The host is offline." });
    expect(store.changes.get()?.files).toHaveLength(1);
    await pass(LATER_MS);
    expect(asked).toHaveLength(3);
    await answer({ status: "same", version: "1" });
    expect(store.problem.get()).toBeNull();
  });
});
