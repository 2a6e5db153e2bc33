import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { agentOfArgv } from "../../tmux/recogniseAgent.ts";
import { ancestry } from "../codex-live/codexProcesses.ts";
import type { OpencodePlace } from "../opencode/openOpencode.ts";

/** A terminal of OpenCode that was started so that others can join it. */
export type FoundServer = OpencodePlace & {
  pid: number;
  startedAt: number;
  /** No other OpenCode works in its directory: what is begun there is begun here. */
  alone: boolean;
};

/** `/proc` counts in these, whatever the machine. */
const TICKS_PER_SECOND = 100;

/**
 * The OpenCode that runs in a pane, if it was started with `--port`: without one it listens on nothing. Only where there
 * is a /proc.
 */
export function findServer(panePid: number): FoundServer | null {
  const all = processIds().flatMap((pid) => {
    const argv = (read(`${pid}/cmdline`) ?? "").replace(/\0$/, "").split("\0");
    const directory = agentOfArgv(argv) === "opencode" ? workingDirectory(pid) : null;
    return directory === null ? [] : [{ pid, argv, directory, line: ancestry(pid) }];
  });
  const found = all.find(({ argv, line }) => portOf(argv) !== null && line.includes(panePid));
  const startedAt = found === undefined ? null : startOf(found.pid);
  if (found === undefined || startedAt === null) return null;
  const { pid, argv, directory } = found;
  const variables = (read(`${pid}/environ`) ?? "").split("\0");
  const value = (name: string) =>
    variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const password = value("OPENCODE_SERVER_PASSWORD");
  return {
    pid,
    startedAt,
    // Its launcher, and what it starts itself, are no others.
    alone: !all.some((each) => each.directory === directory && !each.line.includes(panePid)),
    url: `http://127.0.0.1:${portOf(argv)}`,
    directory,
    ...(password === undefined || password === ""
      ? {}
      : { user: value("OPENCODE_SERVER_USERNAME") ?? "opencode", password }),
  };
}

/** When a process began; null when it has ended. The name in brackets may hold anything; its start is the 20th field after it. */
function startOf(pid: number): number | null {
  const stat = read(`${pid}/stat`);
  const up = Number.parseFloat(read("uptime") ?? "");
  const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  if (!Number.isFinite(ticks) || !Number.isFinite(up)) return null;
  return Date.now() - (up - ticks / TICKS_PER_SECOND) * 1000;
}

/** The port that a command line names; 0 lets OpenCode choose, and nobody else learns which. */
export function portOf(argv: readonly string[]): number | null {
  const at = argv.indexOf("--port");
  const named =
    at >= 0 ? argv[at + 1] : argv.find((word) => word.startsWith("--port="))?.slice("--port=".length);
  const port = /^\d{1,5}$/.test(named ?? "") ? Number(named) : 0;
  return port > 0 && port < 65_536 ? port : null;
}

function processIds(): number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return []; // not Linux
  }
}

function workingDirectory(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null; // it has ended, or is another user's
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return null; // it has ended, or is another user's
  }
}
