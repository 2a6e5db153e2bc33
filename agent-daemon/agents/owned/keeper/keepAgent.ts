import { open, type FileHandle } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { killGroup, launch } from "../../../run.ts";
import { identify } from "../../../system/processIdentity.ts";
import { createAlarm, watchPath } from "../../codex/createAlarm.ts";
import { claimJob, JOB_VARIABLE, type JobExit, writeChild } from "../../codex/jobFiles.ts";
import { jobProcesses, signalAll } from "../../codex/jobProcesses.ts";
import { createJobLines } from "../../codex/splitLines.ts";
import {
  listenForStop,
  never,
  type Stop,
  stopWhenAsked,
  waitForEnd,
  writeExitAtLast,
} from "../../codex/superviseJob.ts";
import { Input, keeperPaths, type KeeperSpec, readKeeperSpec } from "./keeperFiles.ts";
import { openRecord, type Record } from "./openRecord.ts";

/** The hidden word by which the daemon's program becomes a keeper: `… __keeper <dir>`. */
export const KEEPER_WORD = "__keeper";

const MAX_STDERR_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** How often the input is looked at, in case a change was not announced; and where none is. */
const POLL_MS = 1_000;
const BLIND_POLL_MS = 50;
/** A grandchild that keeps stdout open does not hold up the end. */
const PIPE_GRACE_MS = 500;

/**
 * Runs an agent that is spoken to: a small process of its own, so that the agent, and what it waits with, outlive the
 * daemon. What the agent says goes into a file; what it is to be told comes from one, each line once.
 */
export async function keepAgent(dir: string): Promise<void> {
  // Before the claim: whoever reads the claim may signal at once.
  const stop = listenForStop();
  const spec = await readKeeperSpec(dir);
  const self = await identify(process.pid);
  if (self === null) throw new Error("this process cannot be told from others");
  if (!(await claimJob(dir, self))) return; // somebody runs it already, or it was given up
  const paths = keeperPaths(dir);
  const files = await Promise.all([open(paths.stdout, "a"), open(paths.stderr, "a"), open(paths.input, "r")]);
  const [stdout, stderr, input] = files;
  const exit = await run(dir, spec, stop, { stdout, stderr, input });
  await Promise.all(files.map((file) => file.close()));
  await writeExitAtLast(dir, exit);
}

type Files = { stdout: FileHandle; stderr: FileHandle; input: FileHandle };

async function run(dir: string, spec: KeeperSpec, stop: Stop, files: Files): Promise<JobExit> {
  if (stop.gently.aborted) return never("stopped before it began");
  // The agent is in no pane, wherever the daemon was started.
  const { TMUX: _tmux, TMUX_PANE: _pane, ...environment } = process.env;
  try {
    const child = launch({
      argv: spec.argv,
      cwd: spec.cwd,
      env: { ...environment, ...spec.env, [JOB_VARIABLE]: dir },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    const ended = waitForEnd(child, spec.argv[0]);
    const record = openRecord(files.stdout);
    const over = new AbortController();
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) return never("it has no pipes");
    // EPIPE: it ended without reading everything; how it ended says the rest.
    stdin.on("error", () => {});
    const said = keepOutput(stdout, record);
    const complained = keepComplaints(stderr, files.stderr);
    if (child.pid !== undefined)
      await writeChild(dir, (await identify(child.pid)) ?? { pid: child.pid, started: "ended" });
    const work = [
      feed(files.input, keeperPaths(dir).input, stdin, record, over.signal),
      stopWhenAsked(dir, child, stop, over.signal),
    ];
    const exit = await ended;
    over.abort();
    await Promise.race([Promise.all([said, complained]), sleep(PIPE_GRACE_MS)]);
    for (const pipe of [stdin, stdout, stderr]) pipe.destroy();
    await Promise.all([...work, said, complained]);
    await record.end();
    // It did not get to end what it had started.
    killGroup(child);
    signalAll(await jobProcesses(dir), "SIGKILL");
    return exit;
  } catch (error) {
    // Node throws at once for arguments it cannot pass on.
    return never(`${spec.argv[0]} could not be started: ${String(error)}`);
  }
}

async function keepOutput(stdout: Readable, record: Record): Promise<void> {
  try {
    // The agent waits while its words are written.
    for await (const chunk of stdout) await record.said(Buffer.from(chunk));
  } catch {
    // It was closed: the process has ended.
  }
}

/** The newest of what it complains of. */
async function keepComplaints(stderr: Readable, file: FileHandle): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of stderr) {
      if (size > MAX_STDERR_BYTES) await file.truncate(0);
      if (size > MAX_STDERR_BYTES) size = 0;
      await file.write(Buffer.from(chunk));
      size += chunk.length;
    }
  } catch {
    stderr.resume(); // no room for complaints: they are read and dropped
  }
}

/** Gives the agent what the daemon hands over, until it has ended. */
async function feed(
  input: FileHandle,
  path: string,
  stdin: Writable,
  record: Record,
  over: AbortSignal,
): Promise<void> {
  const alarm = createAlarm();
  const watching = watchPath(path, alarm.ring);
  over.addEventListener("abort", alarm.ring);
  const lines = createJobLines();
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let last = 0;
  for (let position = 0; !over.aborted;) {
    const { bytesRead } = await input.read(buffer, 0, CHUNK_BYTES, position);
    position += bytesRead;
    for (const { text } of lines.push(buffer.subarray(0, bytesRead))) {
      const next = readInput(text);
      if (next === null || next.n <= last) continue;
      last = next.n;
      if (await give(stdin, `${next.line}\n`)) await record.given(next.n);
    }
    if (bytesRead === 0) await alarm.wait(watching.blind() ? BLIND_POLL_MS : POLL_MS);
  }
  watching.stop();
}

/** False when the agent does not read any more. */
function give(stdin: Writable, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    stdin.write(text, (error) => resolve(error == null));
  });
}

/** Null for an empty line, and for one that a daemon which died did not finish. */
function readInput(text: string): Input | null {
  if (text === "") return null;
  try {
    const parsed = Input.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
