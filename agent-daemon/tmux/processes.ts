import { readFileSync } from "node:fs";
import { run } from "../run.ts";

/** What is asked about processes, whichever system it is. */
export type Processes = {
  /** Names what is in the foreground; another name means that something else is. */
  foregroundId(panePid: number): Promise<number>;
  /** The argument vectors of the pane's foreground process and of what runs below it, nearest first. */
  foreground(panePid: number): Promise<string[][]>;
  /** The pane's process and everything below it. */
  tree(panePid: number): Promise<number[]>;
};

/** A tree larger than this is not looked at whole. */
const MAX_PROCESSES = 64;
const PS_TTL_MS = 5_000;

/** Reads processes from /proc; from `ps` where there is none. */
export function processTable(platform: NodeJS.Platform = process.platform): Processes {
  return platform === "linux" ? procProcesses() : psProcesses();
}

function procProcesses(): Processes {
  const children = (pid: number): number[] => {
    const text = readProc(`${pid}/task/${pid}/children`);
    return text === null ? [] : text.split(" ").flatMap((word) => (word === "" ? [] : [Number(word)]));
  };
  const walk = (root: number): number[] => {
    const found = [root];
    for (let i = 0; i < found.length && found.length < MAX_PROCESSES; i++)
      found.push(...children(found[i] ?? 0));
    return found.slice(0, MAX_PROCESSES);
  };
  // The terminal's foreground process group is named by its leader's pid.
  const leader = (panePid: number) => foregroundGroup(readProc(`${panePid}/stat`)) ?? panePid;
  return {
    foregroundId: async (panePid) => leader(panePid),
    async foreground(panePid) {
      return walk(leader(panePid)).flatMap((pid) => {
        const line = readProc(`${pid}/cmdline`);
        return line === null || line === "" ? [] : [line.replace(/\0$/, "").split("\0")];
      });
    },
    tree: async (panePid) => walk(panePid),
  };
}

/** `tpgid`, the eighth field of /proc/<pid>/stat; the second one is in brackets and may hold anything. */
export function foregroundGroup(stat: string | null): number | null {
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const group = Number(fields?.[5]);
  return Number.isInteger(group) && group > 0 ? group : null;
}

function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return null; // it has ended, or is not ours
  }
}

type PsRow = { pid: number; parent: number; foreground: boolean; argv: string[] };

function psProcesses(): Processes {
  let at = Number.NEGATIVE_INFINITY;
  let rows: Promise<PsRow[]> = Promise.resolve([]);
  const table = () => {
    if (performance.now() - at > PS_TTL_MS) {
      at = performance.now();
      rows = run({ argv: ["ps", "-axo", "pid=,ppid=,stat=,command="], timeoutMs: 5000 }).then((result) =>
        parsePs(result.stdout.toString("utf8")),
      );
    }
    return rows;
  };
  const walk = async (root: number): Promise<PsRow[]> => {
    const all = await table();
    const found = all.filter((row) => row.pid === root);
    for (let i = 0; i < found.length && found.length < MAX_PROCESSES; i++) {
      found.push(...all.filter((row) => row.parent === found[i]?.pid));
    }
    return found.slice(0, MAX_PROCESSES);
  };
  return {
    foregroundId: async (panePid) => (await walk(panePid)).find((row) => row.foreground)?.pid ?? panePid,
    foreground: async (panePid) =>
      (await walk(panePid)).filter((row) => row.foreground).map((row) => row.argv),
    tree: async (panePid) => (await walk(panePid)).map((row) => row.pid),
  };
}

/** Reads `ps -axo pid=,ppid=,stat=,command=`; a `+` in the state marks the foreground group. */
export function parsePs(output: string): PsRow[] {
  return output.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
    if (match === null) return [];
    const [, pid = "", parent = "", state = "", command = ""] = match;
    return [
      { pid: Number(pid), parent: Number(parent), foreground: state.includes("+"), argv: command.split(" ") },
    ];
  });
}
