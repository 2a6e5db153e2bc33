import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import { agentOfArgv } from "../../tmux/recogniseAgent.ts";
import type { CodexProcess } from "./mapThreads.ts";

/** `/proc` counts in these, whatever the machine. */
const TICKS_PER_SECOND = 100;
/** Words after which Codex is not a terminal that uses the shared app server. */
const OTHER_USES = new Set("app-server exec e review mcp login logout --no-daemon --remote".split(" "));
const THREAD_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export type FoundProcess = CodexProcess & {
  parent: number;
  /** Its start in words that only this process of this boot has; the clock may be set. */
  started: string;
};

/**
 * Every Codex terminal on this machine that uses `home`, and who started it. Only where there is a /proc: elsewhere a
 * process's directory and start cannot be told this cheaply, and none is found.
 */
export function codexProcesses(home: string): FoundProcess[] {
  const bootedAt = bootTime();
  if (bootedAt === null) return [];
  const boot = (read("sys/kernel/random/boot_id") ?? "boot").trim();
  const found = processIds().flatMap((pid) => {
    const argv = (read(`${pid}/cmdline`) ?? "").replace(/\0$/, "").split("\0");
    if (agentOfArgv(argv) !== "codex" || argv.some((word) => OTHER_USES.has(word))) return [];
    const stat = readStat(pid);
    const inside = workingDirectory(pid);
    if (stat === null || inside === null || !usesHome(pid, home)) return [];
    const cwd = resolve(inside, givenDirectory(argv));
    const resumes = argv.includes("resume") ? (argv.find((word) => THREAD_ID.test(word)) ?? null) : null;
    const { parent, ticks } = stat;
    const startedAt = bootedAt + (ticks * 1000) / TICKS_PER_SECOND;
    return [{ pid, parent, started: `${boot}:${ticks}`, startedAt, cwd, resumes }];
  });
  // Its launcher is no terminal of its own.
  return found.filter(({ pid }) => !found.some(({ parent }) => parent === pid));
}

/** The process and those that started it, nearest first. */
export function ancestry(pid: number): number[] {
  const line = [pid];
  for (let at = readStat(pid)?.parent ?? 0; at > 1 && line.length < 32; at = readStat(at)?.parent ?? 0)
    line.push(at);
  return line;
}

function processIds(): number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return []; // not Linux
  }
}

function bootTime(): number | null {
  const seconds = Number.parseFloat(read("uptime") ?? "");
  return Number.isFinite(seconds) ? Date.now() - seconds * 1000 : null;
}

/** The name in brackets may hold anything; the parent is the second field after it, the start the 20th. */
function readStat(pid: number): { parent: number; ticks: number } | null {
  const stat = read(`${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return null;
  return { parent: Number(fields[1]), ticks: Number(fields[19]) };
}

function workingDirectory(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null; // it has ended, or is another user's
  }
}

/** The directory that the command line names (`-C`, `--cd`). */
function givenDirectory(argv: readonly string[]): string {
  const at = argv.findIndex((word) => word === "-C" || word === "--cd");
  if (at >= 0) return argv[at + 1] ?? ".";
  return argv.find((word) => word.startsWith("--cd="))?.slice("--cd=".length) ?? ".";
}

/** Whether a process keeps its things in `home`; one that does not say where uses its user's own. */
function usesHome(pid: number, home: string): boolean {
  const variables = (read(`${pid}/environ`) ?? "").split("\0");
  const value = (name: string) =>
    variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const own = value("CODEX_HOME") ?? `${value("HOME") ?? ""}/.codex`;
  return resolve(own) === resolve(home);
}

function read(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return null;
  }
}
