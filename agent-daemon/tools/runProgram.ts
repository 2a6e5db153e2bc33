import type { ChildProcess } from "node:child_process";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import { identify } from "../system/processIdentity.ts";
import { launch } from "../run.ts";
import type { ProcessIdentity } from "../system/processIdentity.ts";
import { collectOutput } from "./collectOutput.ts";
import { endCall } from "./endCall.ts";
import type { ProgramEnd } from "./runner/outcome.ts";

/** Room that stays for what we say of a program beside its output. */
const NOTES_BYTES = 1024;
/** Output that is still in the pipes when the last process is gone arrives within this. */
const DRAIN_MS = 250;

export type ProgramRequest = {
  /** The call's id: the mark of its processes. */
  id: string;
  argv: readonly [string, ...string[]];
  cwd: string;
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  signal: AbortSignal;
  /** Sees what it prints as it comes. */
  onOutput?: (stream: number, chunk: Buffer) => void;
};

export type Program =
  | { status: "started"; ended: Promise<ProgramEnd> }
  /** It never ran; `code` is the operating system's. */
  | { status: "unstarted"; code: string; message: string };

/**
 * Starts a program in a session and process group of its own. When it ends, its time is over or the signal aborts,
 * every process of it is ended.
 */
export async function startProgram(
  request: ProgramRequest,
  onLeader: (leader: ProcessIdentity) => void,
): Promise<Program> {
  const { id } = request;
  let child: ChildProcess;
  try {
    child = launch({
      argv: request.argv,
      cwd: request.cwd,
      env: request.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  } catch (error) {
    return { status: "unstarted", ...describe(error) }; // Node refuses what it cannot pass on: a NUL in an argument
  }
  const closed = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  const spawned = Promise.withResolvers<Error | null>();
  child.once("spawn", () => spawned.resolve(null));
  child.once("error", (error) => spawned.resolve(error));
  child.once("exit", (code, signal) => exited.resolve({ code, signal }));
  child.once("close", () => closed.resolve());
  const output = collectOutput(MAX_OUTPUT_BYTES - NOTES_BYTES);
  const printed = (stream: number) => (chunk: Buffer) => {
    output.add(stream, chunk);
    request.onOutput?.(stream, chunk);
  };
  child.stdout?.on("data", printed(1));
  child.stderr?.on("data", printed(2));

  const error = await spawned.promise;
  const { pid } = child;
  if (error !== null || pid === undefined) {
    return { status: "unstarted", ...describe(error) };
  }
  return { status: "started", ended: follow(pid) };

  async function follow(leader: number): Promise<ProgramEnd> {
    const stopped = Promise.withResolvers<"timeout" | "aborted">();
    const timer = setTimeout(() => stopped.resolve("timeout"), request.timeoutMs);
    const abort = () => stopped.resolve("aborted");
    if (request.signal.aborted) abort();
    request.signal.addEventListener("abort", abort, { once: true });
    try {
      const identity = await identify(leader);
      if (identity !== null) onLeader(identity);
      const why = await Promise.race([exited.promise.then(() => "ended" as const), stopped.promise]);
      const leftovers = await endCall({ id, leader });
      const gone = await within(DRAIN_MS, exited.promise);
      await within(DRAIN_MS, closed.promise);
      const { code, signal } = gone ?? { code: null, signal: null };
      return { ...output.result(), why, code, signal, leftovers };
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", abort);
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
  }
}

/** The value if it comes in time. */
async function within<T>(ms: number, value: Promise<T>): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  try {
    return await Promise.race([value, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): { code: string; message: string } {
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
  return { code, message: error instanceof Error ? error.message : String(error) };
}
