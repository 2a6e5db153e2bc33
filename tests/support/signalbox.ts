import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { findChildren } from "../../agent-daemon/edge/findChildren.ts";
import { freePort } from "../../agent-daemon/testing/freePort.ts";

export const ROOT = join(import.meta.dirname, "../..");
export const AGENT = join(ROOT, "dist/agent.mjs");

const Pid = z.object({ process: z.object({ pid: z.number() }).nullable() });
const RunRecord = z.object({
  ready: z.boolean(),
  supervisor: z.object({ pid: z.number() }),
  edge: Pid,
  agent: Pid,
});

/** What is killed comes back soon, however often: a test need not wait as a machine with a broken part should. */
const RESTART_MOST_MS = 500;

export type Options = {
  /** Lines of agent.yaml, beyond those that keep the test to itself. */
  config?: string;
  env?: Record<string, string>;
};

/** A whole Signalbox of its own: home, port, tmux directory. Everything it started ends with `stop`. */
export class Signalbox {
  readonly home: string;
  readonly port: number;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
  #process: ChildProcess | null = null;
  output = "";

  private constructor(home: string, port: number, env: NodeJS.ProcessEnv) {
    this.home = home;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.env = env;
  }

  static async start(options: Options = {}): Promise<Signalbox> {
    const base = mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
    const home = join(base, "home");
    mkdirSync(home, { mode: 0o700 });
    mkdirSync(join(base, "tmux"), { mode: 0o700 });
    mkdirSync(join(base, "work"));
    writeFileSync(
      join(home, "agent.yaml"),
      `worktrees_dir: ${join(base, "worktrees")}\nworkspaces: [${join(base, "work")}]\n${options.config ?? ""}`,
    );
    const port = await freePort();
    const { TMUX: _tmux, TMUX_PANE: _pane, ...inherited } = process.env;
    const env = {
      ...inherited,
      SIGNALBOX_HOME: home,
      SIGNALBOX_PORT: String(port),
      SIGNALBOX_RESTART_MOST_MS: String(RESTART_MOST_MS),
      TMUX_TMPDIR: join(base, "tmux"),
      CLAUDE_CONFIG_DIR: join(base, "claude"),
      SHELL: "/bin/bash",
      PS1: "$ ",
      ...options.env,
    };
    const signalbox = new Signalbox(home, port, env);
    await signalbox.up();
    return signalbox;
  }

  /** Directory for the test's own files; also the workspace. */
  get work(): string {
    return join(this.home, "../work");
  }

  /** Runs `signalbox up` in the foreground, and waits until it is ready. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [AGENT, "up"], {
      cwd: ROOT,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    const collect = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    await until("Signalbox to be up", () => {
      if (child.exitCode !== null)
        throw new Error(`signalbox up ended with ${child.exitCode}:\n${this.output}`);
      return this.record()?.ready === true;
    });
  }

  record(): z.infer<typeof RunRecord> | null {
    try {
      return RunRecord.parse(JSON.parse(readFileSync(join(this.home, "run.json"), "utf8")));
    } catch {
      return null; // not written yet
    }
  }

  /** Runs a command of the CLI to its end. */
  async cli(...args: string[]): Promise<{ code: number | null; out: string }> {
    const child = spawn(process.execPath, [AGENT, ...args], { cwd: this.work, env: this.env });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
    return { code, out };
  }

  /** Runs tmux on this Signalbox's own servers. */
  tmux(...args: string[]): Promise<string> {
    return this.run("tmux", args);
  }

  /** Runs a program in the workspace; its output. */
  async run(program: string, args: string[]): Promise<string> {
    const child = spawn(program, args, { env: this.env, cwd: this.work });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${out}`);
    return out.trimEnd();
  }

  get token(): string {
    return readFileSync(join(this.home, "owner-token"), "utf8").trim();
  }

  /** Calls the API as the owner. Retries while the edge is away. */
  async api<T>(
    schema: z.ZodType<T>,
    path: string,
    { method, body }: { method?: string; body?: unknown } = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await fetch(`${this.url}${path}`, {
          method: method ?? (body === undefined ? "GET" : "POST"),
          headers: {
            authorization: `Bearer ${this.token}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        if (!response.ok) throw new ApiFailure(response.status, await response.text());
        return schema.parse(response.status === 204 ? null : await response.json());
      } catch (error) {
        if (error instanceof ApiFailure || error instanceof z.ZodError || attempt >= 600) throw error;
        await sleep(100); // the edge is restarting
      }
    }
  }

  /** A one-time sign-in link. */
  async signInLink(): Promise<string> {
    return (await this.api(z.object({ url: z.string() }), "/api/auth/codes", { method: "POST" })).url;
  }

  /** Kills a part the hard way; the supervisor starts it again. */
  async kill(part: "edge" | "agent"): Promise<void> {
    const pid = await until(`a running ${part}`, () => this.record()?.[part].process?.pid);
    kill(pid, "SIGKILL");
  }

  /** Kills the runtime under the edge, and every object in it; the edge starts it again. */
  async killRuntime(): Promise<void> {
    const runtime = await until("a runtime", async () => {
      const edge = this.record()?.edge.process?.pid;
      return edge === undefined ? null : (await findChildren(edge))[0];
    });
    kill(runtime.pid, "SIGKILL");
  }

  /** Ends everything: the supervisor, and every tmux server of this test. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child !== null && child.exitCode === null) {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGTERM");
      await Promise.race([gone, sleep(15_000)]);
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    for (const socket of ["default", "second", "third"])
      await this.tmux("-L", socket, "kill-server").catch(() => ""); // none there
    // What was just ended may still write.
    rmSync(join(this.home, ".."), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

export class ApiFailure extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`${status} ${text}`);
    this.status = status;
  }
}

/** Sends a signal to a process that this test started. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error; // gone already
  }
}

/** Waits until `look` gives something, and returns it. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  limitMs = 60_000,
): Promise<NonNullable<T>> {
  const began = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() - began > limitMs) throw new Error(`Waited in vain for ${what}.`);
    await sleep(50);
  }
}
