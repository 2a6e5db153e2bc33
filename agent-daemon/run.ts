import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";

export type RunRequest = {
  /** The program (a bare name is looked up on PATH) and its arguments; no shell ever sees them. */
  argv: readonly [string, ...string[]];
  /** After this long the process and its group are killed. */
  timeoutMs: number;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Written to its stdin, which is closed otherwise. */
  input?: string | Uint8Array;
  /** Bytes of stdout (and as many of stderr) that are kept; the rest is read and dropped. */
  maxOutputBytes?: number;
  signal?: AbortSignal;
  /** Sees every byte as it comes, also those that are not kept. */
  onStdout?: (chunk: Buffer) => void;
  onStderr?: (chunk: Buffer) => void;
};

type Output = {
  stdout: Buffer;
  stderr: Buffer;
  /** Bytes of stdout that were dropped because of `maxOutputBytes`. */
  cut: number;
};

/** How a process ended. Nothing here is thrown: a caller has to look. */
export type RunResult = Output &
  (
    | { status: "exited"; code: number }
    | { status: "signalled"; signal: string }
    | { status: "timeout" }
    | { status: "aborted" }
    /** It never ran; `code` is that of the operating system (`ENOENT`: no such program, or no such directory). */
    | { status: "unstarted"; code: string; message: string }
  );

const DEFAULT_MAX_OUTPUT = 1024 * 1024;
/** A grandchild that keeps stdout open must not hold up the caller once the program itself has ended. */
const PIPE_GRACE_MS = 250;

/** Runs a program to its end. */
export function run(request: RunRequest): Promise<RunResult> {
  if (request.signal?.aborted === true) {
    return Promise.resolve({ status: "aborted", stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), cut: 0 });
  }
  const limit = request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT;
  const { promise, resolve } = Promise.withResolvers<RunResult>();
  const stdout = startCollecting(limit);
  const stderr = startCollecting(limit);
  const output = (): Output => ({ stdout: stdout.bytes(), stderr: stderr.bytes(), cut: stdout.cut() });

  let child: ChildProcess;
  try {
    child = launch({
      argv: request.argv,
      cwd: request.cwd,
      env: request.env,
      stdio: [request.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      // A group of its own, so that a timeout ends its children too.
      detached: true,
    });
  } catch (error) {
    // Node throws at once for arguments it cannot pass on (a NUL byte, too long a list).
    return Promise.resolve({ status: "unstarted", ...describe(error), ...output() });
  }

  let stopped: "timeout" | "aborted" | null = null;
  const stop = (why: "timeout" | "aborted") => {
    stopped ??= why;
    killGroup(child);
  };
  const timer = setTimeout(() => stop("timeout"), request.timeoutMs);
  const onAbort = () => stop("aborted");
  request.signal?.addEventListener("abort", onAbort, { once: true });
  let grace: NodeJS.Timeout | undefined;
  const finish = (result: RunResult) => {
    clearTimeout(timer);
    clearTimeout(grace);
    request.signal?.removeEventListener("abort", onAbort);
    child.stdout?.destroy();
    child.stderr?.destroy();
    resolve(result);
  };
  const ended = (code: number | null, signal: string | null) => {
    if (stopped !== null) finish({ status: stopped, ...output() });
    else if (code !== null) finish({ status: "exited", code, ...output() });
    else finish({ status: "signalled", signal: signal ?? "unknown", ...output() });
  };

  child.stdout?.on("data", stdout.add);
  child.stderr?.on("data", stderr.add);
  if (request.onStdout !== undefined) child.stdout?.on("data", request.onStdout);
  if (request.onStderr !== undefined) child.stderr?.on("data", request.onStderr);
  child.on("error", (error) => finish({ status: "unstarted", ...describe(error), ...output() }));
  child.on("exit", (code, signal) => {
    grace = setTimeout(() => ended(code, signal), PIPE_GRACE_MS);
  });
  child.on("close", ended);
  if (child.stdin !== null) {
    // EPIPE: it ended without reading everything; how it ended says the rest.
    child.stdin.on("error", () => {});
    child.stdin.end(request.input);
  }
  return promise;
}

export type LaunchRequest = {
  argv: readonly [string, ...string[]];
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  stdio: StdioOptions;
  /** A session and process group of its own: it outlives the daemon, and signals to the daemon's group miss it. */
  detached?: boolean;
};

/** Starts a program that lives on; the caller listens to `error` and `exit`. */
export function launch(request: LaunchRequest): ChildProcess {
  const [program, ...args] = request.argv;
  return spawn(program, args, {
    shell: false,
    stdio: request.stdio,
    detached: request.detached ?? false,
    windowsHide: true,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.env === undefined ? {} : { env: request.env }),
  });
}

/** Kills a process that was launched with `detached`, and everything it started that stayed in its group. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // the group is gone or not ours; the process itself may still be there
  }
}

/** A sentence that says how a run went wrong; for logs and refusals. */
export function explainRun(program: string, result: RunResult): string {
  const said = result.stderr.toString("utf8").trim().split("\n", 3).join(" ").slice(0, 500);
  const tail = said === "" ? "" : `: ${said}`;
  switch (result.status) {
    case "exited":
      return `${program} ended with code ${result.code}${tail}`;
    case "signalled":
      return `${program} was ended by ${result.signal}${tail}`;
    case "timeout":
      return `${program} did not answer in time`;
    case "aborted":
      return `${program} was stopped`;
    case "unstarted":
      return result.code === "ENOENT"
        ? `${program} was not found`
        : `${program} could not be started (${result.message})`;
  }
}

function startCollecting(limit: number) {
  const chunks: Buffer[] = [];
  let kept = 0;
  let cut = 0;
  return {
    add(chunk: Buffer) {
      const part = chunk.subarray(0, Math.max(0, limit - kept));
      if (part.length > 0) chunks.push(part);
      kept += part.length;
      cut += chunk.length - part.length;
    },
    bytes: () => Buffer.concat(chunks),
    cut: () => cut,
  };
}

function describe(error: unknown): { code: string; message: string } {
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
  return { code, message: error instanceof Error ? error.message : String(error) };
}
