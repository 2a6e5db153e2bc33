import { ModelError } from "./ModelError.ts";
import type { ModelPart } from "./callModel.ts";

/**
 * A step is asked again. When `restart` is true, parts of the attempt before were already passed on, and they do not
 * count any more: whoever shows or stores them drops them now.
 */
export type RetryPart = {
  type: "retry";
  /** The attempt that failed, from 1. */
  attempt: number;
  restart: boolean;
  waitMs: number;
  /** Why, in words. */
  reason: string;
};

export type RetryOptions = {
  /** How often a step is asked at most. */
  attempts?: number;
  signal?: AbortSignal;
  random?: () => number;
  sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

export const MOST_ATTEMPTS = 5;
const FIRST_WAIT_MS = 1000;
const MOST_WAIT_MS = 30_000;
/** A server that asks to wait longer than this is not waited for: the person decides. */
const MOST_ASKED_WAIT_MS = 120_000;

/** How long to wait after attempt `attempt` (from 1) failed; null when it is not worth another. */
export function retryDelay(
  error: unknown,
  attempt: number,
  random: () => number = Math.random,
): number | null {
  if (!(error instanceof ModelError) || !error.retriable) return null;
  if (error.retryAfterMs !== null)
    return error.retryAfterMs <= MOST_ASKED_WAIT_MS ? error.retryAfterMs : null;
  // Half of it is chance, so that many sessions do not come back in step.
  const most = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
  return Math.round(most / 2 + random() * (most / 2));
}

/**
 * Asks a step again when it failed in a way that may pass. Each new attempt is announced by a {@link RetryPart} before
 * the wait. The last error is thrown as it came.
 */
export async function* withRetry(
  step: () => AsyncIterable<ModelPart>,
  { attempts = MOST_ATTEMPTS, signal, random = Math.random, sleep = pause }: RetryOptions = {},
): AsyncGenerator<ModelPart | RetryPart> {
  for (let attempt = 1; ; attempt++) {
    let passedOn = false;
    try {
      for await (const part of step()) {
        passedOn = true;
        yield part;
      }
      return;
    } catch (error) {
      const waitMs = attempt < attempts ? retryDelay(error, attempt, random) : null;
      if (waitMs === null || signal?.aborted === true) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      yield { type: "retry", attempt, restart: passedOn, waitMs, reason };
      await sleep(waitMs, signal);
    }
  }
}

/** Waits; a signal that is raised ends the wait as a cancelled step. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(new ModelError("cancelled", "The step was cancelled."));
    };
    if (signal?.aborted === true) return reject(new ModelError("cancelled", "The step was cancelled."));
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stopped, { once: true });
  });
}
