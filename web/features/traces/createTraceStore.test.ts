import { expect, it } from "vitest";
import type { Span } from "../../../protocol/traces.ts";
import { createTraceStore } from "./createTraceStore.ts";
import type { SpanPage } from "./traceState.ts";

const span = (id: string, turn: number, version: number): Span => ({
  id,
  parent: null,
  team: "main",
  session: "ses",
  turn,
  kind: "turn",
  name: "m",
  started_at: turn,
  ended_at: version > 1 ? turn + 1 : null,
  outcome: version > 1 ? "ok" : null,
  error: null,
  usage: null,
  input: null,
  output: null,
  version,
});

/** A store over pages that the test gives, one per request, and the spans that it is told of. */
function play(answers: (SpanPage | Error)[]) {
  const asked: unknown[] = [];
  let tell: (span: Span | null) => void = () => undefined;
  const store = createTraceStore({
    fetchPage: (query) => {
      asked.push(query);
      const answer = answers.shift() ?? { items: [], next_cursor: null };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    follow: (listener) => {
      tell = listener;
      return () => (tell = () => undefined);
    },
  });
  const stop = store.start();
  return {
    store,
    stop,
    asked,
    tell: (each: Span | null) => tell(each),
    ids: () => [...store.state.get().spans.values()].map(({ id, version }) => `${id} ${version}`),
    settled: () => new Promise((resolve) => setTimeout(resolve, 0)),
  };
}

it("hears what happens while the first page is on its way", async () => {
  const { tell, ids, settled } = play([{ items: [span("t1", 1, 1)], next_cursor: null }]);
  tell(span("t1", 1, 2));
  await settled();
  expect(ids()).toEqual(["t1 2"]);
});

it("asks again when it may have missed something, and for the turn whose end it missed", async () => {
  const { tell, ids, asked, settled } = play([
    { items: [span("t2", 2, 2), span("t1", 1, 1)], next_cursor: "a" },
    { items: [span("t3", 3, 2), span("t2", 2, 2)], next_cursor: "b" },
    { items: [span("t1", 1, 2)], next_cursor: null },
  ]);
  await settled();
  tell(null);
  await settled();
  expect(asked).toEqual([{}, {}, { turn: 1 }]);
  expect(ids().sort()).toEqual(["t1 2", "t2 2", "t3 2"]);
});

it("asks once more, not for each word that something was missed", async () => {
  const { tell, asked, settled } = play([]);
  for (let i = 0; i < 5; i++) tell(null);
  await settled();
  expect(asked).toHaveLength(2);
});

it("says what went wrong, keeps what it has, and is told no more once it is stopped", async () => {
  const { store, stop, tell, ids, settled } = play([
    { items: [span("t2", 2, 2)], next_cursor: "a" },
    new Error("away"),
    { items: [span("t1", 1, 2)], next_cursor: null },
  ]);
  await settled();
  expect(await store.loadOlder()).toBe(false);
  expect(store.problem.get()).toBeInstanceOf(Error);
  expect(await store.loadOlder()).toBe(true);
  expect([store.problem.get(), ids()]).toEqual([null, ["t2 2", "t1 2"]]);
  expect(await store.loadOlder()).toBe(false);
  stop();
  tell(span("t3", 3, 1));
  expect(ids()).toHaveLength(2);
});
