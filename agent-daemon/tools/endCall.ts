import { setTimeout as sleep } from "node:timers/promises";
import { callProcesses } from "./callProcesses.ts";
import type { CallMark } from "./callProcesses.ts";

/** Processes are told to end, and after this long killed. */
const KILL_AFTER_MS = 2_000;
/** What is not gone this long after it was killed cannot be ended by us. */
const GIVE_UP_AFTER_MS = 1_500;
const LOOK_MS = 10;

export type Ended = {
  /** Processes that were still there. */
  found: number;
  /** Those that could not be ended: another user's, or stuck in the kernel. */
  remain: number[];
};

/** Ends all processes of a call, those that left its group too: SIGTERM once, SIGKILL two seconds later. */
export async function endCall(mark: CallMark): Promise<Ended> {
  let told: number[] | null = null;
  const began = Date.now();
  for (let empty = 0; ; await sleep(LOOK_MS)) {
    const pids = await callProcesses(mark);
    if (pids.length === 0) {
      // Twice: a process in the middle of an exec has no environment to be seen.
      if (++empty === 2) return { found: told?.length ?? 0, remain: [] };
      continue;
    }
    empty = 0;
    const elapsed = Date.now() - began;
    if (elapsed > KILL_AFTER_MS + GIVE_UP_AFTER_MS)
      return { found: told?.length ?? pids.length, remain: pids };
    if (elapsed >= KILL_AFTER_MS) {
      // The group as a whole, so that what it forks at this very moment is reached, too.
      signal(mark.leader === null ? pids : [-mark.leader, ...pids], "SIGKILL");
    } else if (told === null) {
      // Once: what one of them starts to tidy up is left to it, until all are killed.
      told = pids;
      signal(pids, "SIGTERM");
    }
  }
}

function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has just ended, or is not ours to end; the next look tells.
    }
  }
}
