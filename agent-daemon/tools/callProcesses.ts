import { readFileSync, readdirSync } from "node:fs";
import { run } from "../run.ts";
import { CALL_VARIABLE } from "./cleanEnvironment.ts";

/** Processes looked at before the rest of the daemon gets its turn. */
const SLICE = 64;

/** Whose processes are looked for. */
export type CallMark = {
  id: string;
  /** The first process, which leads the group and session of the call; null when it is not known, or not sure to be it. */
  leader: number | null;
};

type Seen = { pid: number; parent: number; group: number; session: number | null; marked: boolean };

/**
 * The processes of a call that run now: those of its group and session, those that carry its mark in their environment
 * (Linux; so also one that made a session of its own and lost its parent), and all that descend from one of these.
 */
export async function callProcesses(mark: CallMark): Promise<number[]> {
  const all = (process.platform === "linux" ? await seenInProc(mark) : await seenByPs()).filter(
    // Ourselves never, whoever started us.
    ({ pid }) => pid !== process.pid && pid > 1,
  );
  const found = new Set<number>();
  for (const { pid, group, session, marked } of all) {
    const led = mark.leader !== null && [pid, group, session].includes(mark.leader);
    if (led || marked) found.add(pid);
  }
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

async function seenInProc({ id }: CallMark): Promise<Seen[]> {
  const mark = Buffer.from(`${CALL_VARIABLE}=${id}\0`);
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const seen: Seen[] = [];
  // These files are in memory: reading them at once takes a tenth of the time that the thread pool takes.
  for (const [index, name] of pids.entries()) {
    if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
    const process = seenAt(name, mark);
    if (process !== null) seen.push(process);
  }
  return seen;
}

function seenAt(name: string, mark: Buffer): Seen | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${name}/stat`, "utf8");
  } catch {
    return null; // it has just ended
  }
  // The program's name in parentheses may hold anything; the fields after it do not.
  const [state, ...numbers] = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 4);
  if (state === "Z" || state === "X") return null;
  const [parent = 0, group = 0, session = 0] = numbers.map(Number);
  return { pid: Number(name), parent, group, session, marked: environmentOf(name).includes(mark) };
}

function environmentOf(pid: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0); // gone, or another user's
  }
}

async function seenByPs(): Promise<Seen[]> {
  const result = await run({ argv: ["ps", "-axo", "pid=,ppid=,pgid=,stat="], timeoutMs: 5_000 });
  return result.stdout
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const [pid, parent, group, state] = line.trim().split(/\s+/);
      if (pid === undefined || state === undefined || state.startsWith("Z")) return [];
      return [
        { pid: Number(pid), parent: Number(parent), group: Number(group), session: null, marked: false },
      ];
    });
}
