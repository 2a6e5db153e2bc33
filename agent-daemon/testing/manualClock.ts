import type { Clock } from "../link/clock.ts";

export type ManualClock = Clock & {
  /** Lets time pass, running what is due in order. */
  pass(ms: number): void;
};

/** A clock that only moves when told. */
export function makeManualClock(): ManualClock {
  let now = 0;
  const timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + Math.max(0, ms), run };
      timers.push(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.splice(timers.indexOf(due), 1);
        now = Math.max(now, due.at);
        due.run();
      }
      now = end;
    },
  };
}
