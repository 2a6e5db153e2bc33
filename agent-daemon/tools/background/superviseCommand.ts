import { open, stat } from "node:fs/promises";
import { claimJob, jobPaths, writeChild, writeExit } from "../../agents/codex/jobFiles.ts";
import type { JobExit } from "../../agents/codex/jobFiles.ts";
import { launch } from "../../run.ts";
import { identify } from "../../system/processIdentity.ts";
import { CALL_VARIABLE } from "../cleanEnvironment.ts";
import { endCall } from "../endCall.ts";
import { readCommandSpec } from "./commandFiles.ts";
import type { CommandSpec } from "./commandFiles.ts";

/** The hidden word by which the daemon's program becomes the supervisor of a command: `… __command <dir>`. */
export const COMMAND_WORD = "__command";
/** A command that prints more than this is ended: what it prints stays on the disk. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 1_000;

/**
 * Runs one background command to its end, in the directory that this process was started in: a small process of its own,
 * so that the command outlives the daemon. Nothing of the command outlives it: what it has started ends with it.
 */
export async function superviseCommand(dir: string): Promise<void> {
  const stopping = Promise.withResolvers<JobExit>();
  process.on("SIGTERM", () => stopping.resolve(ended("It was stopped.")));
  // Meant for a terminal that this process does not have.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  const spec = await readCommandSpec(dir);
  const self = await identify(process.pid);
  if (spec === null || self === null) throw new Error("there is nothing to supervise");
  if (!(await claimJob(dir, self))) return; // somebody runs it already, or it was given up
  await writeExit(dir, await runCommand(dir, spec, stopping.promise));
}

async function runCommand(dir: string, spec: CommandSpec, stopped: Promise<JobExit>): Promise<JobExit> {
  const { promise: over, resolve: end } = Promise.withResolvers<JobExit>();
  const output = await open(jobPaths(dir).stdout, "a");
  let pid: number | undefined;
  try {
    const child = launch({
      argv: spec.argv,
      env: { ...process.env, [CALL_VARIABLE]: spec.id },
      stdio: ["ignore", output.fd, output.fd],
      detached: true,
    });
    child.on("error", ({ message }) => end(ended(`It could not be started: ${message}.`)));
    child.on("exit", (code, signal) => end({ code, signal, error: null }));
    ({ pid } = child);
  } catch (error) {
    return ended(`It could not be started: ${String(error)}.`); // Node refuses what it cannot pass on
  } finally {
    await output.close();
  }
  if (pid === undefined) return over;
  await writeChild(dir, (await identify(pid)) ?? { pid, started: "ended" });
  const timers = [setInterval(() => void endIfTooMuch(dir, end), LOOK_MS)];
  if (spec.timeout_ms !== null) {
    const late = ended(`It was ended after ${spec.timeout_ms / 1000} s: its time was over.`);
    timers.push(setTimeout(() => end(late), spec.timeout_ms));
  }
  const exit = await Promise.race([over, stopped]);
  for (const timer of timers) clearInterval(timer);
  const { remain } = await endCall({ id: spec.id, leader: pid });
  if (remain.length === 0) return exit;
  const left = `Could not be ended: ${remain.slice(0, 20).join(", ")}.`;
  return { ...exit, error: [exit.error, left].filter((each) => each !== null).join(" ") };
}

async function endIfTooMuch(dir: string, end: (exit: JobExit) => void): Promise<void> {
  const size = await stat(jobPaths(dir).stdout).then(
    (facts) => facts.size,
    () => 0, // its files were removed; nobody reads it any more
  );
  if (size > MAX_FILE_BYTES) end(ended(`It was ended: it printed more than ${MAX_FILE_BYTES} bytes.`));
}

function ended(error: string): JobExit {
  return { code: null, signal: null, error };
}
