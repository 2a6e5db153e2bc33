import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startLookLoop } from "./lookLoop.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => vi.useRealTimers());

function slowLook(ms: number) {
  const state = { count: 0, running: 0, most: 0 };
  const look = async () => {
    state.count += 1;
    state.most = Math.max(state.most, ++state.running);
    await new Promise((resolve) => setTimeout(resolve, ms));
    state.running -= 1;
  };
  return { state, look };
}

describe("startLookLoop", () => {
  it("looks every interval, and never twice at once however often it is asked", async () => {
    const { state, look } = slowLook(100);
    const loop = startLookLoop({ look, intervalMs: 1000, log: () => {} });
    loop.start();
    await vi.advanceTimersByTimeAsync(3500);
    expect(state.count).toBe(4);
    const asked = [loop.refresh(), loop.refresh(), loop.refresh()];
    await vi.advanceTimersByTimeAsync(50);
    asked.push(loop.refresh());
    await vi.advanceTimersByTimeAsync(250);
    await Promise.all(asked);
    expect([state.count, state.most]).toEqual([6, 1]);
    const stopping = loop.stop();
    await vi.advanceTimersByTimeAsync(5000);
    await stopping;
    expect(state.count).toBe(6);
  });

  it("bundles kicks, keeps a distance between looks, and forgets none that came while it looked", async () => {
    const { state, look } = slowLook(10);
    const loop = startLookLoop({ look, intervalMs: 100_000, log: () => {} });
    for (let i = 0; i < 50; i++) loop.kick();
    await vi.advanceTimersByTimeAsync(35);
    expect(state.count).toBe(1);
    loop.kick();
    await vi.advanceTimersByTimeAsync(100);
    expect(state.count).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(state.count).toBe(2);
    await loop.stop();
  });

  it("goes on after a failure", async () => {
    const log = vi.fn();
    let count = 0;
    const loop = startLookLoop({
      look: async () => {
        count += 1;
        throw new Error("no");
      },
      intervalMs: 500,
      log,
    });
    loop.start();
    await vi.advanceTimersByTimeAsync(1600);
    expect(count).toBe(4);
    expect(log).toHaveBeenCalledTimes(4);
    await loop.stop();
  });
});
