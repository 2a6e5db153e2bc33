import { readFile, readdir } from "node:fs/promises";
import { run } from "../run.ts";
import { CALL_VARIABLE } from "./cleanEnvironment.ts";

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
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const seen = await Promise.all(
    pids.map(async (name): Promise<Seen[]> => {
      try {
        const stat = await readFile(`/proc/${name}/stat`, "utf8");
        // The program's name in parentheses may hold anything; the fields after it do not.
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const [state, parent, group, session] = fields;
        if (state === "Z" || state === "X") return [];
        const marked = (await environmentOf(name)).includes(mark);
        const [pid, ...rest] = [name, parent, group, session].map(Number);
        return [{ pid: pid ?? 0, parent: rest[0] ?? 0, group: rest[1] ?? 0, session: rest[2] ?? 0, marked }];
      } catch {
        return []; // it has just ended
      }
    }),
  );
  return seen.flat();
}

async function environmentOf(pid: string): Promise<Buffer> {
  try {
    return await readFile(`/proc/${pid}/environ`);
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
