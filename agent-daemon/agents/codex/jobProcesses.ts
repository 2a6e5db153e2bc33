import { readFile, readdir } from "node:fs/promises";
import { JOB_VARIABLE, readChild } from "./jobFiles.ts";
import { isAlive } from "../../system/processIdentity.ts";

/**
 * The processes of a job that run now: on Linux all that carry its mark in their environment (the agent and whatever
 * it started), elsewhere the agent itself.
 */
export async function jobProcesses(dir: string): Promise<number[]> {
  const child = await readChild(dir);
  const known = child !== null && (await isAlive(child)) ? [child.pid] : [];
  if (process.platform !== "linux") return known;
  const mark = Buffer.from(`${JOB_VARIABLE}=${dir}\0`);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const marked = await Promise.all(
    pids.map(async (pid) => ((await environmentOf(pid)).includes(mark) ? [pid] : [])),
  );
  return [...new Set([...known, ...marked.flat()])];
}

/** Signals processes; one that is gone by now is what was wanted. */
export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ESRCH: it has just ended
    }
  }
}

async function environmentOf(pid: number): Promise<Buffer> {
  try {
    return await readFile(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0); // gone, or another user's
  }
}
