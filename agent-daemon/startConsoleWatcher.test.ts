import { test } from "vitest";
import { startConsoleWatcher } from "./startConsoleWatcher.ts";
import type { TokenAnswer } from "./readToken.ts";

function make() {
  const seen: string[] = [];
  let token: TokenAnswer = { token: "one" };
  const watcher = startConsoleWatcher({
    url: "http://edge",
    token: () => token,
    start: (access) => ({
      watch: (session) => void seen.push(`${access.token} watch ${session}`),
      unwatch: (session) => void seen.push(`${access.token} unwatch ${session}`),
      stop: async () => void seen.push(`${access.token} stop`),
    }),
  });
  return { watcher, seen: () => seen.splice(0), setToken: (next: TokenAnswer) => void (token = next) };
}

test("after a connect exactly the watched ones are open", ({ expect }) => {
  const { watcher, seen } = make();
  watcher.watchOnly(["a", "b"]);
  watcher.watch("c");
  expect(seen()).toEqual(["one watch a", "one watch b", "one watch c"]);
  watcher.watchOnly(["b", "d"]);
  expect(seen()).toEqual(["one unwatch a", "one unwatch c", "one watch b", "one watch d"]);
});

test("with another token they are made anew, those that are watched", async ({ expect }) => {
  const { watcher, seen, setToken } = make();
  watcher.watchOnly(["a"]);
  setToken({ token: "two" });
  watcher.watchOnly(["a", "b"]);
  await watcher.stop();
  expect([...new Set(seen())].sort()).toEqual([
    "one stop",
    "one watch a",
    "two stop",
    "two watch a",
    "two watch b",
  ]);
});

test("without a token nothing is opened, and what is open stays", async ({ expect }) => {
  const { watcher, seen, setToken } = make();
  setToken({ missing: "none" });
  watcher.watch("a");
  watcher.unwatch("a");
  await watcher.stop();
  expect(seen()).toEqual([]);
});
