import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Log } from "../parts.ts";
import { FINAL_EXITS } from "../system/exitCodes.ts";

export const RESTART_FIRST_MS = 250;
export const RESTART_MOST_MS = 10_000;
/** A child that ran this long did not fail at its start: the next delay is short again. */
export const RESTART_STEADY_MS = 30_000;
/** How long a child may take to end by itself. */
const STOP_GRACE_MS = 10_000;

export type SuperviseDeps = {
  name: string;
  start: () => ChildProcess;
  log: Log;
  /** Cleans up after a child before the next one starts. */
  afterExit?: (pid: number) => Promise<void>;
  onState?: (state: "starting" | "restarting" | "stopped", child: ChildProcess | null) => void;
  /** It ended with a code after which starting it again cannot help. */
  onFinal?: (code: number) => void;
  delayFor?: (failures: number) => number;
};

export type Supervised = { stop(): Promise<void>; restarts(): number };

/** How long to wait after so many failures in a row. */
export function restartDelay(failures: number, mostMs = RESTART_MOST_MS): number {
  return Math.min(mostMs, RESTART_FIRST_MS * 2 ** Math.min(failures - 1, 16));
}

/** Keeps one child process running until it is stopped. */
export function superviseChild(deps: SuperviseDeps): Supervised {
  const { name, log, delayFor = restartDelay } = deps;
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let restarts = 0;
  let stopped = false;
  /** Cleaning up after the last child, and deciding what follows. */
  let settling: Promise<void> = Promise.resolve();

  function start(): void {
    const began = Date.now();
    const current = deps.start();
    child = current;
    deps.onState?.("starting", current);
    let over = false;
    const ended = (how: string, code: number | null) => {
      if (over) return;
      over = true;
      child = null;
      settling = next({ how, code, ranMs: Date.now() - began, pid: current.pid ?? null });
    };
    current.on("error", (error) => ended(`could not be started: ${error.message}`, null));
    current.on("exit", (code, signal) =>
      ended(code === null ? `was ended by ${signal}` : `ended with code ${code}`, code),
    );
  }

  async function next(end: {
    how: string;
    code: number | null;
    ranMs: number;
    pid: number | null;
  }): Promise<void> {
    if (end.pid !== null) {
      await deps
        .afterExit?.(end.pid)
        .catch((error: unknown) =>
          log("warn", `Cleaning up after ${name} failed.`, { error: String(error) }),
        );
    }
    if (stopped) return;
    if (end.code !== null && FINAL_EXITS.includes(end.code)) {
      log("error", `${name} ${end.how} and is not started again.`);
      deps.onState?.("stopped", null);
      deps.onFinal?.(end.code);
      return;
    }
    failures = end.ranMs >= RESTART_STEADY_MS ? 1 : failures + 1;
    restarts += 1;
    const delay = delayFor(failures);
    log("warn", `${name} ${end.how}; it is started again.`, { in_ms: delay });
    deps.onState?.("restarting", null);
    timer = setTimeout(start, delay);
  }

  start();
  return {
    restarts: () => restarts,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      const current = child;
      if (current !== null) {
        const exit = once(current, "exit");
        current.kill("SIGTERM");
        const kill = setTimeout(() => current.kill("SIGKILL"), STOP_GRACE_MS);
        await exit;
        clearTimeout(kill);
      }
      await settling;
      deps.onState?.("stopped", null);
    },
  };
}
