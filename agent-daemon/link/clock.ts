/** A monotonic clock with timers; tests have their own. */
export type Clock = {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Runs once after that long; the returned function prevents it. */
  after(ms: number, run: () => void): () => void;
};

/** The longest a Node timer can wait; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const step = Math.min(Math.max(left, 0), LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > step ? wait(left - step) : run()), step);
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
