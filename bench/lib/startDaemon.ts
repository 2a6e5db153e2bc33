import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { run } from "../../agent-daemon/run.ts";
import { Host } from "../../protocol/host.ts";
import { Session } from "../../protocol/session.ts";
import { cleanUpLater } from "./cleanUp.ts";
import { buildTarget, ROOT, type EdgeHandle } from "./startEdge.ts";

export type DaemonHandle = {
  host: string;
  pid: number;
  /** Its workspace. */
  work: string;
  /** Runs tmux on this daemon's own servers. */
  tmux(...args: string[]): Promise<string>;
  /** What it has said. */
  said(): string;
  /** Environment in which tmux finds this daemon's servers. */
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
};

export type DaemonOptions = {
  /** Where it finds the edge, when not directly. */
  url?: string;
  /** Program that stands in for codex. */
  codex?: string;
};

/** Starts the daemon as it is installed, with a state and tmux servers of its own, as a new host of the edge. */
export async function startDaemon(edge: EdgeHandle, options: DaemonOptions = {}): Promise<DaemonHandle> {
  await buildTarget("agent");
  const base = mkdtempSync(join(tmpdir(), "signalbox-bench-"));
  for (const dir of ["state", "tmux", "work"]) mkdirSync(join(base, dir), { mode: 0o700 });
  const { host, token } = await edge.enrolHost(`bench-${Date.now()}`);
  writeFileSync(join(base, "token"), `${token}\n`, { mode: 0o600 });
  const config = {
    url: options.url ?? edge.url,
    state_dir: join(base, "state"),
    token_file: join(base, "token"),
    workspaces: [join(base, "work")],
    worktrees_dir: join(base, "worktrees"),
    ...(options.codex === undefined ? {} : { agents: { codex: options.codex } }),
  };
  // JSON is YAML.
  writeFileSync(join(base, "agent.yaml"), JSON.stringify(config));
  const { TMUX: _tmux, TMUX_PANE: _pane, ...inherited } = process.env;
  const env = {
    ...inherited,
    HOME: base,
    TMUX_TMPDIR: join(base, "tmux"),
    CLAUDE_CONFIG_DIR: join(base, "claude"),
    SHELL: "/bin/sh",
  };
  const argv = [join(ROOT, "dist/agent.mjs"), "connect", "--config", join(base, "agent.yaml")];
  const child = spawn(process.execPath, argv, { env, cwd: base, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const tmux = async (...args: string[]) => {
    const result = await run({ argv: ["tmux", ...args], env, cwd: join(base, "work"), timeoutMs: 10_000 });
    if (result.status !== "exited" || result.code !== 0)
      throw new Error(`tmux ${args.join(" ")}: ${result.stderr.toString("utf8")}`);
    return result.stdout.toString("utf8").trimEnd();
  };
  const handle: DaemonHandle = {
    host,
    pid: child.pid ?? 0,
    work: join(base, "work"),
    tmux,
    said: () => output,
    env,
    async stop() {
      forget();
      const gone = new Promise((resolve) => child.on("exit", resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await Promise.race([gone, sleep(10_000)]);
        child.kill("SIGKILL");
      }
      await tmux("kill-server").catch(() => ""); // none was started
      rmSync(base, { recursive: true, force: true });
    },
  };
  const forget = cleanUpLater(handle.stop);
  try {
    await until(`the daemon to be online (it says: ${output})`, async () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}: ${output}`);
      return (await edge.call({ path: `/api/hosts/${host}`, schema: Host })).presence === "online";
    });
    // tmux ends with its last session; what a bench makes and ends must not take the server with it.
    await tmux("new-session", "-d", "-s", "base", "/bin/sh");
  } catch (error) {
    await handle.stop();
    throw error;
  }
  return handle;
}

/** Waits for the session of a pane. */
export async function sessionOfPane(edge: EdgeHandle, host: string, pane: string): Promise<string> {
  const page = z.object({ items: z.array(Session) });
  let found: string | undefined;
  await until(`a session for pane ${pane}`, async () => {
    const { items } = await edge.call({ path: `/api/sessions?host=${host}&limit=200`, schema: page });
    found = items.find((session) => session.ended_at === null && session.pane?.pane === pane)?.id;
    return found !== undefined;
  });
  return found ?? "";
}

/** Waits until something holds, looking every 20 ms for at most 20 s. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > 20_000) throw new Error(`Waited too long for ${what}`);
    await sleep(20);
  }
}
