import type { Log } from "../parts.ts";

export type LookLoop = {
  /** Looks now; resolves when a look that began after the call is done. */
  refresh(): Promise<void>;
  /** Looks soon: at once when the last look is long enough ago. */
  kick(): void;
  start(): void;
  /** Ends the loop; resolves when no look runs any more. */
  stop(): Promise<void>;
};

/** Changes often come in groups, so a kick waits a moment for the rest of its group. */
const KICK_MS = 30;
const MIN_GAP_MS = 250;

/** Calls `look` every interval and on demand, never twice at once, and goes on whatever it throws. */
export function startLookLoop(deps: { look: () => Promise<void>; intervalMs: number; log: Log }): LookLoop {
  let looking: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let kicked = false;
  let restUntil = Number.NEGATIVE_INFINITY;
  let stopped = false;

  const schedule = (delay: number) => {
    const at = performance.now() + delay;
    if (stopped || looking !== null || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void refresh(), delay);
  };

  const guardedLook = async () => {
    const began = performance.now();
    try {
      await deps.look();
    } catch (error) {
      deps.log("error", "looking at tmux failed", {
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const ended = performance.now();
    // Where a look is expensive, looks keep their share of the time small.
    restUntil = ended + Math.max(MIN_GAP_MS, 3 * (ended - began));
    looking = null;
    if (kicked) schedule(restUntil - ended);
    kicked = false;
    schedule(deps.intervalMs);
  };

  const refresh = (): Promise<void> => {
    if (stopped) return Promise.resolve();
    if (looking === null) {
      clearTimeout(timer);
      dueAt = Number.POSITIVE_INFINITY;
      looking = guardedLook();
      return looking;
    }
    // The look that runs may have passed what the caller wants seen.
    next ??= looking.then(() => {
      next = null;
      return refresh();
    });
    return next;
  };

  return {
    refresh,
    kick() {
      if (looking !== null) kicked = true;
      else schedule(Math.max(KICK_MS, restUntil - performance.now()));
    },
    start: () => schedule(0),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
