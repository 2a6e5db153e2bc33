import { setTimeout as sleep } from "node:timers/promises";

/** An edge that answers nothing so often in a row, each time for so long, does something that never ends. */
const MOST_SILENT = 3;
const SILENCE_MS = 10_000;

/**
 * Asks an edge again and again whether it is there. True when it no longer answers; false when the watch is ended. A
 * refused connection is an answer: a runtime that is being started again has none yet.
 */
export async function watchEdge(url: string, over: AbortSignal, silenceMs = SILENCE_MS): Promise<boolean> {
  for (let silent = 0; silent < MOST_SILENT;) {
    const began = performance.now();
    const slow = AbortSignal.timeout(silenceMs);
    await fetch(new URL("/health", url), { signal: AbortSignal.any([over, slow]) })
      .then((answer) => answer.arrayBuffer())
      .catch(() => {}); // whether it was too slow is what counts
    if (over.aborted) return false;
    silent = slow.aborted ? silent + 1 : 0;
    const rest = silenceMs - (performance.now() - began);
    if (rest > 0) await sleep(rest, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return false;
  }
  return true;
}
