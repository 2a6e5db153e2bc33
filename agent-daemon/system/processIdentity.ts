import { readFile } from "node:fs/promises";
import * as z from "zod";
import { run } from "../run.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export const ProcessIdentity = z.object({
  pid: z.number().int().min(1),
  /** When it began, in words that only this process of this boot has. */
  started: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** The process with this number as it is now; null when there is none (a zombie is none). */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const started = process.platform === "linux" ? await startOnLinux(pid) : await startByPs(pid);
  return started === null ? null : { pid, started };
}

/** Whether the very same process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}

async function startOnLinux(pid: number): Promise<string | null> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // no such process
  }
  // The name in parentheses may hold spaces and parentheses; the fields after it do not. The first is the state, the 20th the start.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return `${await bootId()}:${fields[19] ?? "?"}`;
}

let boot: Promise<string> | undefined;

/** Names this boot: start times count from it. */
function bootId(): Promise<string> {
  boot ??= readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => "boot", // hidden in some containers; then only the start time tells
  );
  return boot;
}

async function startByPs(pid: number): Promise<string | null> {
  const result = await run({ argv: ["ps", "-o", "stat=,lstart=", "-p", String(pid)], timeoutMs: 5_000 });
  const line = result.stdout.toString("utf8").trim();
  if (result.status !== "exited" || result.code !== 0 || line === "" || line.startsWith("Z")) return null;
  return line.slice(line.indexOf(" ")).trim();
}
