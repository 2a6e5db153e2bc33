import { readFile } from "node:fs/promises";
import { identify } from "../system/processIdentity.ts";
import type { ProcessIdentity } from "../system/processIdentity.ts";
import { run } from "../run.ts";

/** The processes that a process has started and that still run. */
export async function findChildren(pid: number): Promise<ProcessIdentity[]> {
  const pids = process.platform === "linux" ? await childrenOnLinux(pid) : await childrenByPs(pid);
  const found = await Promise.all(pids.map(identify));
  return found.filter((each) => each !== null);
}

async function childrenOnLinux(pid: number): Promise<number[]> {
  try {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return childrenByPs(pid); // a kernel without that file
  }
}

async function childrenByPs(pid: number): Promise<number[]> {
  const result = await run({ argv: ["ps", "-A", "-o", "pid=,ppid="], timeoutMs: 5_000 });
  return result.stdout
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}
