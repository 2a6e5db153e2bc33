import { setTimeout as sleep } from "node:timers/promises";
import { hasSpec, readClaim, readExit } from "./jobFiles.ts";
import { jobProcesses, signalAll } from "./jobProcesses.ts";
import { isAlive } from "../../system/processIdentity.ts";
import { KILL_SIGNAL, STOP_SIGNAL } from "./superviseJob.ts";

const LOOK_MS = 50;
/** Longer than a supervisor takes from the first signal to the last. */
const PATIENCE_MS = 20_000;
/** An agent without a supervisor is killed this long after it was interrupted. */
const ORPHAN_KILL_AFTER_MS = 5_000;

/** Ends a job's processes, by its supervisor or, where that is gone, directly. True when nothing of it runs any more. */
export async function stopJob(dir: string, how: "gently" | "at once", signal: AbortSignal): Promise<boolean> {
  const began = Date.now();
  let askedSupervisor = false;
  let askedOrphans = false;
  while (!signal.aborted && Date.now() - began < PATIENCE_MS) {
    if ((await readExit(dir)) !== null) return true;
    const claim = await readClaim(dir);
    if (claim !== null && "given_up" in claim) return true;
    if (claim !== null && (await isAlive(claim))) {
      if (!askedSupervisor) signalAll([claim.pid], how === "gently" ? STOP_SIGNAL : KILL_SIGNAL);
      askedSupervisor = true;
    } else if (claim !== null || !(await hasSpec(dir))) {
      // Its supervisor is gone, or all of its files are; with files and no claim, the supervisor is just starting.
      const orphans = await jobProcesses(dir);
      if (orphans.length === 0) return true;
      if (how === "at once" || Date.now() - began > ORPHAN_KILL_AFTER_MS) signalAll(orphans, "SIGKILL");
      else if (!askedOrphans) signalAll(orphans, "SIGINT");
      askedOrphans = true;
    }
    await sleep(LOOK_MS);
  }
  return false;
}
