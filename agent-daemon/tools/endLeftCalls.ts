import { unlink } from "node:fs/promises";
import { isAlive } from "../system/processIdentity.ts";
import type { Log } from "../parts.ts";
import type { CallStore } from "./callStore.ts";
import { endCall } from "./endCall.ts";
import { fsCode } from "./explainFsError.ts";

/** Ends the processes and removes the half-written files of calls that a daemon left when it died. */
export async function endLeftCalls(calls: CallStore, log: Log): Promise<void> {
  await Promise.all(
    calls.left().map(async ({ id, leader, temp }) => {
      if (temp !== null) await removeTemp(temp, log);
      // A number alone is no proof: it may be another process's by now.
      const led = leader !== null && (await isAlive(leader)) ? leader.pid : null;
      const { found, remain } = await endCall({ id, leader: led });
      if (found > 0)
        log("warn", "Processes of a call that a daemon had left were ended.", { id, found, remain });
      if (remain.length === 0) calls.end(id);
    }),
  );
}

async function removeTemp(path: string, log: Log): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (fsCode(error) !== "ENOENT") log("warn", "A half-written file stays.", { path, error: String(error) });
  }
}
