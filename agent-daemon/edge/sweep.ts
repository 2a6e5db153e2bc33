import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive } from "../system/processIdentity.ts";
import type { ProcessIdentity } from "../system/processIdentity.ts";
import type { Log } from "../parts.ts";
import { RUN_VARIABLE } from "./runRecord.ts";
import type { RunRecord } from "./runRecord.ts";

/** How long a process may take to end by itself before it is killed. */
const GRACE_MS = 5_000;
const LOOK_MS = 25;

/**
 * Ends what an earlier run left behind: exactly the processes that it recorded (number and start time), and on Linux
 * those of the edge's group that carry the run's name (one it started and could not record any more). Nobody else's.
 */
export async function sweep(record: RunRecord, log: Log, graceMs: number = GRACE_MS): Promise<number> {
  const recorded = [record.agent.process, record.edge.process, ...record.edge.children].filter(
    (each) => each !== null,
  );
  const group = record.edge.process === null ? [] : await membersOfRun(record.edge.process.pid, record.run);
  const alive = await stillAlive(distinct([...recorded, ...group]));
  for (const { pid } of alive) signal(pid, "SIGTERM");
  const left = await waitForEnd(alive, graceMs);
  for (const { pid } of left) signal(pid, "SIGKILL");
  await waitForEnd(left, graceMs);
  if (alive.length > 0) {
    log("info", "Ended what an earlier run had left behind.", { processes: alive.map(({ pid }) => pid) });
  }
  return alive.length;
}

/** Kills what is left of the edge's group once its leader is gone. */
export async function killRest(leader: number, children: ProcessIdentity[], run: string): Promise<void> {
  const rest = await stillAlive(distinct([...children, ...(await membersOfRun(leader, run))]));
  for (const { pid } of rest) signal(pid, "SIGKILL");
  await waitForEnd(rest, GRACE_MS);
}

/** Resolves with those that still live after the time is up. */
async function waitForEnd(processes: ProcessIdentity[], ms: number): Promise<ProcessIdentity[]> {
  const until = Date.now() + ms;
  let left = await stillAlive(processes);
  while (left.length > 0 && Date.now() < until) {
    await sleep(LOOK_MS);
    left = await stillAlive(left);
  }
  return left;
}

async function stillAlive(processes: ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const alive = await Promise.all(processes.map(isAlive));
  return processes.filter((_, i) => alive[i]);
}

function distinct(processes: ProcessIdentity[]): ProcessIdentity[] {
  return [...new Map(processes.map((each) => [each.pid, each])).values()];
}

/** Processes of a group whose environment names the run. Empty where the system does not show that. */
async function membersOfRun(group: number, run: string): Promise<ProcessIdentity[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const stat = await readFile(`/proc/${pid}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (Number(fields[2]) !== group) return null;
        const environment = await readFile(`/proc/${pid}/environ`, "utf8");
        return environment.split("\0").includes(`${RUN_VARIABLE}=${run}`) ? await identify(pid) : null;
      } catch {
        return null; // it ended meanwhile, or is not ours to look at
      }
    }),
  );
  return found.filter((each) => each !== null);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended meanwhile
  }
}
