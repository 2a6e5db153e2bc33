import { useSyncExternalStore } from "react";

type Ticker = { now: number; subscribe(listener: () => void): () => void };

function createTicker(everyMs: number): Ticker {
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  const ticker: Ticker = {
    now: Date.now(),
    subscribe(listener) {
      if (listeners.size === 0) {
        ticker.now = Date.now();
        timer = setInterval(() => {
          ticker.now = Date.now();
          listeners.forEach((each) => each());
        }, everyMs);
      }
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearInterval(timer);
      };
    },
  };
  return ticker;
}

const second = createTicker(1_000);
const slow = createTicker(15_000);

/** The time, as often as it matters; all users of one pace share a timer. */
export function useNow(pace: "second" | "slow"): number {
  const ticker = pace === "second" ? second : slow;
  return useSyncExternalStore(ticker.subscribe, () => ticker.now);
}
