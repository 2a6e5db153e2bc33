import { afterEach, beforeEach, test, vi } from "vitest";
import { WATCH_INTERVAL_MS, startNetworkWatch } from "./startNetworkWatch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch() {
  const seen: string[] = [];
  let slept = 0;
  let addresses = "eth0 10.0.0.2";
  const stopper = startNetworkWatch({
    onWake: (ms) => seen.push(`woke after ${ms}`),
    onNetwork: () => seen.push("network"),
    // Date moves with the fake timers; sleep is what the wall clock has more than they.
    now: () => Date.now() + slept,
    addresses: () => addresses,
  });
  return {
    seen,
    stop: stopper.stop,
    sleep: (ms: number) => void (slept += ms),
    move: (to: string) => void (addresses = to),
    pass: (times = 1) => vi.advanceTimersByTime(times * WATCH_INTERVAL_MS),
  };
}

test("tells of a wake once, and not of a timer that is a little late", ({ expect }) => {
  const w = watch();
  w.pass(10);
  w.sleep(3_000);
  w.pass(10);
  expect(w.seen).toEqual([]);
  w.sleep(60_000);
  w.pass(10);
  expect(w.seen).toEqual(["woke after 60000"]);
  w.stop();
});

test("tells of other addresses, once per change, and of both as one wake", ({ expect }) => {
  const w = watch();
  w.move("");
  w.pass(3);
  w.move("wlan0 192.168.1.5");
  w.pass(3);
  expect(w.seen).toEqual(["network", "network"]);
  w.move("wlan0 192.168.1.9");
  w.sleep(10_000);
  w.pass(3);
  expect(w.seen).toEqual(["network", "network", "woke after 10000"]);
  w.stop();
  w.sleep(60_000);
  w.pass(3);
  expect(w.seen).toHaveLength(3);
});
