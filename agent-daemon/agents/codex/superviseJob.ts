import type { ChildProcess } from "node:child_process";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { killGroup, launch } from "../../run.ts";
import { claimJob, JOB_VARIABLE, jobPaths, readSpec, writeChild, writeExit } from "./jobFiles.ts";
import type { JobExit, JobSpec } from "./jobFiles.ts";
import { hasCode } from "./durableFiles.ts";
import { jobProcesses, signalAll } from "./jobProcesses.ts";
import { identify } from "../../system/processIdentity.ts";

/** The hidden word by which the daemon's program becomes a supervisor: `… __job <dir>`. */
export const JOB_WORD = "__job";

/** Asks the supervisor to end its job gently (Ctrl-C, then harder), or at once. */
export const STOP_SIGNAL = "SIGTERM";
export const KILL_SIGNAL = "SIGUSR2";

/** A stopped agent is interrupted, after this long told, and after this much longer killed. */
const TERM_AFTER_MS = 5_000;
const KILL_AFTER_MS = 3_000;
const WRITE_RETRY_MS = 2_000;
const WRITE_TRIES = 300;

/**
 * Runs one job to its end: a small process of its own, so that the agent outlives the daemon and how it ended is known.
 * The agent writes straight into files; nothing of its output passes through here.
 */
export async function superviseJob(dir: string): Promise<void> {
  // Before the claim: whoever reads the claim may signal at once.
  const stop = listenForStop();
  const spec = await readSpec(dir);
  const self = await identify(process.pid);
  if (self === null) throw new Error("this process cannot be told from others");
  if (!(await claimJob(dir, self))) return; // somebody runs it already, or it was given up
  await writeExitAtLast(dir, await runJob(dir, spec, stop));
}

export type Stop = { gently: AbortSignal; atOnce: AbortSignal };

export function listenForStop(): Stop {
  const gently = new AbortController();
  const atOnce = new AbortController();
  process.on(STOP_SIGNAL, () => gently.abort());
  process.on(KILL_SIGNAL, () => {
    atOnce.abort();
    gently.abort();
  });
  // Meant for a terminal that this process does not have.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  return { gently: gently.signal, atOnce: atOnce.signal };
}

async function runJob(dir: string, spec: JobSpec, stop: Stop): Promise<JobExit> {
  if (stop.gently.aborted) return never("stopped before it began");
  const started = await startAgent(dir, spec);
  if ("error" in started) return started;
  const { child, ended } = started;
  const over = new AbortController();
  const stopping = stopWhenAsked(dir, child, stop, over.signal);
  const exit = await ended;
  over.abort();
  await stopping;
  if (exit.signal !== null || stop.gently.aborted) {
    // It did not get to end what it had started.
    killGroup(child);
    signalAll(await jobProcesses(dir), "SIGKILL");
  }
  return exit;
}

async function startAgent(
  dir: string,
  spec: JobSpec,
): Promise<JobExit | { child: ChildProcess; ended: Promise<JobExit> }> {
  const paths = jobPaths(dir);
  // The job is in no pane, wherever the daemon was started.
  const { TMUX: _tmux, TMUX_PANE: _pane, ...environment } = process.env;
  const files = await Promise.all([
    open(paths.prompt, "r"),
    open(paths.stdout, "a"),
    open(paths.stderr, "a"),
  ]);
  try {
    const child = launch({
      argv: spec.argv,
      cwd: spec.cwd,
      env: { ...environment, [JOB_VARIABLE]: dir },
      stdio: files.map((file) => file.fd),
      detached: true,
    });
    const ended = waitForEnd(child, spec.argv[0]);
    // No number: it never ran. No identity: it has ended already, and is nobody now.
    if (child.pid !== undefined) {
      await writeChild(dir, (await identify(child.pid)) ?? { pid: child.pid, started: "ended" });
    }
    return { child, ended };
  } catch (error) {
    // Node throws at once for arguments it cannot pass on.
    return never(`${spec.argv[0]} could not be started: ${String(error)}`);
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

export function waitForEnd(child: ChildProcess, program: string): Promise<JobExit> {
  return new Promise((resolve) => {
    child.on("error", (error) =>
      resolve(
        never(
          hasCode(error, "ENOENT")
            ? `${program} was not found`
            : `${program} could not be started: ${error.message}`,
        ),
      ),
    );
    child.on("exit", (code, signal) => resolve({ code, signal, error: null }));
  });
}

/** Interrupts the agent when asked, and goes harder while it does not end; returns when it is over. */
export async function stopWhenAsked(
  dir: string,
  child: ChildProcess,
  stop: Stop,
  over: AbortSignal,
): Promise<void> {
  await anyOf([stop.gently, over]);
  if (over.aborted) return;
  for (const [signal, patience] of [
    ["SIGINT", TERM_AFTER_MS],
    ["SIGTERM", KILL_AFTER_MS],
  ] as const) {
    if (stop.atOnce.aborted) break;
    killGroup(child, signal);
    await anyOf([stop.atOnce, over], patience);
    if (over.aborted) return;
  }
  killGroup(child);
  signalAll(await jobProcesses(dir), "SIGKILL");
}

/** Waits until one of the signals is aborted, or the time is over. */
async function anyOf(signals: AbortSignal[], timeoutMs?: number): Promise<void> {
  const any = AbortSignal.any(signals);
  if (any.aborted) return;
  const enough = new AbortController();
  const happened = new Promise<void>((resolve) => {
    any.addEventListener("abort", () => resolve(), { once: true });
  });
  // Rejects when the signal came first.
  const late =
    timeoutMs === undefined
      ? happened
      : sleep(timeoutMs, undefined, { signal: enough.signal }).catch(() => {});
  await Promise.race([happened, late]);
  enough.abort();
}

/** How the job ended must not get lost to a disk that is full for a while. */
export async function writeExitAtLast(dir: string, exit: JobExit): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await writeExit(dir, exit);
      return;
    } catch (error) {
      // ENOENT: the job's directory was removed, nobody wants to know.
      if (attempt >= WRITE_TRIES || hasCode(error, "ENOENT")) throw error;
      await sleep(WRITE_RETRY_MS);
    }
  }
}

export function never(error: string): JobExit {
  return { code: null, signal: null, error };
}
