import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { agentOfArgv } from "../../tmux/recogniseAgent.ts";
import { ancestry } from "../codex-live/codexProcesses.ts";
import type { OpencodePlace } from "../opencode/openOpencode.ts";

/** A terminal of OpenCode that was started so that others can join it. */
export type FoundServer = OpencodePlace & { pid: number };

/**
 * The OpenCode that runs in a pane, if it was started with `--port`: without one it listens on nothing. Only where there
 * is a /proc.
 */
export function findServer(panePid: number): FoundServer | null {
  for (const pid of processIds()) {
    const argv = (read(`${pid}/cmdline`) ?? "").replace(/\0$/, "").split("\0");
    const port = portOf(argv);
    if (port === null || agentOfArgv(argv) !== "opencode" || !ancestry(pid).includes(panePid)) continue;
    const directory = workingDirectory(pid);
    if (directory === null) continue;
    const variables = (read(`${pid}/environ`) ?? "").split("\0");
    const value = (name: string) =>
      variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const password = value("OPENCODE_SERVER_PASSWORD");
    return {
      pid,
      url: `http://127.0.0.1:${port}`,
      directory,
      ...(password === undefined || password === ""
        ? {}
        : { user: value("OPENCODE_SERVER_USERNAME") ?? "opencode", password }),
    };
  }
  return null;
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
