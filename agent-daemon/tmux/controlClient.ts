import type { ChildProcess } from "node:child_process";
import type { Log } from "../parts.ts";
import { launch } from "../run.ts";
import { controlLine, type TmuxCommand } from "./command.ts";
import { ControlParser } from "./controlParser.ts";

/** The reply to a line of commands: what each of them printed, or why one of them failed (those after it did not run). */
export type Reply = { ok: true; outputs: Buffer[] } | { ok: false; error: string };

export type ControlClient = {
  readonly pid: number | undefined;
  /** Runs commands in one line. They are written at once, so callers keep their order. */
  send(commands: readonly TmuxCommand[]): Promise<Reply>;
  /** Ends the client (never the server) and answers everything that still waits. */
  stop(): void;
};

type Waiting = { left: number; outputs: Buffer[]; since: number; resolve: (reply: Reply) => void };

export type ControlClientDeps = {
  /** The whole argument vector of the client. */
  argv: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  log: Log;
  onNotification: (name: string, rest: string) => void;
  /** It ended, by itself or by {@link ControlClient.stop}. */
  onEnd: () => void;
};

/** tmux answers within milliseconds; after this the client is given up. */
export const REPLY_TIMEOUT_MS = 10_000;

/** Runs one control-mode client and speaks with it. */
export function startControlClient(deps: ControlClientDeps): ControlClient {
  const waiting: Waiting[] = [];
  const parser = new ControlParser();
  let over = false;
  let child: ChildProcess;

  const end = (why: string) => {
    if (over) return;
    over = true;
    clearInterval(watchdog);
    // SIGKILL: a client that is only asked to go can hold up its server.
    child.kill("SIGKILL");
    for (const request of waiting.splice(0)) request.resolve({ ok: false, error: why });
    deps.onEnd();
  };

  child = launch({ argv: deps.argv, env: deps.env, stdio: ["pipe", "pipe", "ignore"], detached: true });
  child.on("error", (error) => end(error.message));
  child.on("exit", () => end("the tmux server ended"));
  child.stdin?.on("error", () => end("the tmux server ended"));
  child.stdout?.on("data", (chunk: Buffer) => {
    if (over) return;
    try {
      for (const event of parser.push(chunk)) {
        if (event.type === "notification") {
          if (event.name === "exit") return end("the tmux server ended");
          deps.onNotification(event.name, event.rest);
        } else if (event.own) settle(event.ok, event.output);
      }
    } catch (error) {
      deps.log("error", "tmux's control protocol could not be read", { error: String(error) });
      end("tmux could not be understood");
    }
  });

  const settle = (ok: boolean, output: Buffer) => {
    const request = waiting[0];
    if (request === undefined) return;
    request.outputs.push(output);
    request.left -= 1;
    if (ok && request.left > 0) return;
    waiting.shift();
    request.resolve(
      ok
        ? { ok: true, outputs: request.outputs }
        : { ok: false, error: output.toString("utf8").trim() || "tmux refused the command" },
    );
  };

  const watchdog = setInterval(() => {
    const oldest = waiting[0];
    if (oldest !== undefined && performance.now() - oldest.since > REPLY_TIMEOUT_MS) {
      deps.log("warn", "tmux does not answer; its client is replaced");
      end("tmux does not answer");
    }
  }, 1000);
  watchdog.unref();

  return {
    pid: child.pid,
    send(commands) {
      if (over) return Promise.resolve({ ok: false, error: "the tmux client has ended" });
      const { promise, resolve } = Promise.withResolvers<Reply>();
      waiting.push({ left: commands.length, outputs: [], since: performance.now(), resolve });
      child.stdin?.write(controlLine(commands));
      return promise;
    },
    stop: () => end("the daemon stops"),
  };
}
