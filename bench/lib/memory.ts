import { readFileSync } from "node:fs";

/** Resident memory of a process in MB; 0 when it is gone. */
export function residentMb(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0; // it ended
  }
}

export type MemoryWatch = {
  /** How much each process grew at its largest since the watch began, in MB. */
  growth(): Record<string, number>;
  stop(): void;
};

/** Looks at processes' memory many times a second. */
export function watchMemory(pids: Record<string, number>): MemoryWatch {
  const start = Object.entries(pids).map(([name, pid]) => ({ name, pid, before: residentMb(pid) }));
  const most = new Map(start.map(({ name, before }) => [name, before]));
  const look = () => {
    for (const { name, pid } of start) most.set(name, Math.max(most.get(name) ?? 0, residentMb(pid)));
  };
  const timer = setInterval(look, 20);
  return {
    growth() {
      look();
      return Object.fromEntries(start.map(({ name, before }) => [name, (most.get(name) ?? 0) - before]));
    },
    stop: () => clearInterval(timer),
  };
}
