import { unlink } from "node:fs/promises";
import type { Log } from "../parts.ts";
import { isAlive } from "../system/processIdentity.ts";
import type { CallStore } from "./callStore.ts";
import { endCall } from "./endCall.ts";
import { fsCode } from "./explainFsError.ts";
import { readCallClaim, removeOldCallFiles } from "./runner/callFiles.ts";
import type { OpenRun, RunStore } from "./runner/runStore.ts";

/** Longer than the edge asks for a result. */
const KEEP_MS = 8 * 24 * 60 * 60 * 1000;

export type LeftDeps = { calls: CallStore; runs: RunStore; dir: string; log: Log };

/**
 * Removes the half-written files of calls that a daemon left when it died, and ends their processes, but for those whose
 * runner lives: it brings them to their end.
 */
export async function endLeftCalls({ calls, runs, dir, log }: LeftDeps): Promise<void> {
  runs.forgetBefore(Date.now() - KEEP_MS);
  removeOldCallFiles(dir, Date.now() - KEEP_MS);
  const files = calls.left().map(async ({ id, temp }) => {
    if (temp !== null) await removeTemp(temp, log);
    calls.end(id);
  });
  const programs = runs.all().map(async (run) => {
    const claim = readCallClaim(dir, run.attempt);
    if (claim !== null && "pid" in claim && (await isAlive(claim))) return;
    const { found, remain } = await endRun(run);
    if (found > 0)
      log("warn", "Processes of a call that a daemon had left were ended.", { id: run.id, found, remain });
  });
  await Promise.all([...files, ...programs]);
}

/** Ends the processes of a call that another process had started. */
export async function endRun({ id, leader }: OpenRun): ReturnType<typeof endCall> {
  // A number alone is no proof: it may be another process's by now.
  const led = leader !== null && (await isAlive(leader)) ? leader.pid : null;
  return endCall({ id, leader: led });
}

async function removeTemp(path: string, log: Log): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (fsCode(error) !== "ENOENT") log("warn", "A half-written file stays.", { path, error: String(error) });
  }
}
