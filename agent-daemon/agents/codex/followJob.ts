import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../parts.ts";
import { hasCode } from "./durableFiles.ts";
import { claimJob, hasSpec, jobPaths, readClaim, readExit } from "./jobFiles.ts";
import type { Claim, JobExit } from "./jobFiles.ts";
import { jobProcesses } from "./jobProcesses.ts";
import { isAlive } from "../../system/processIdentity.ts";
import { createAlarm, watchPath, type Alarm } from "./createAlarm.ts";
import { createJobLines } from "./splitLines.ts";
import type { Line } from "./splitLines.ts";

/** Bytes read at once, and so the most that becomes one put. */
const CHUNK_BYTES = 256 * 1024;
/** After a put the next one waits this long, so that a fast job makes few of them; the first is never late. */
const GATHER_MS = 8;
/** How often the process is looked at, and the file in case a change was not announced. */
const POLL_MS = 1_000;
/** The same when the system announces no changes. */
const BLIND_POLL_MS = 100;
/** A supervisor that a daemon launched just before it died gets this long to take its job. */
const CLAIM_GRACE_MS = 5_000;
/** While the journal is full. */
const RETRY_MS = [50, 100, 250, 500, 1_000, 2_000];

/** What a part of the output comes to; `to` is how far it was read with it. */
type Step = { to: number };

/** How the process ended; `claim` null: nothing ever took the job. */
export type FollowedEnd = { exit: JobExit | null; claim: Claim | null };

export type SupervisorState = "running" | "ended" | "not ours";

export type FollowDeps<Batch extends Step> = {
  dir: string;
  readTo: number;
  /** What lines from a place in the output come to, after the batch before them; delivered at once. */
  translate(lines: Line[], from: number, before: Batch | null): Batch;
  /** False when the journal is full: the batch comes again. */
  deliver(batch: Batch): boolean;
  /** The process has ended and all of its output is in `last`. False when the journal is full: it comes again. */
  deliverEnd(last: Batch, end: FollowedEnd): Promise<boolean>;
  /** Its supervisor, when this daemon launched it: it runs, or it has ended. */
  supervisor(): SupervisorState;
  log: Log;
};

export type Follower = {
  /** Resolves when the end was delivered, or following was stopped. */
  ended: Promise<void>;
  /** Something may have changed. */
  wake(): void;
  stop(): Promise<void>;
};

/** Reads a job's output as it grows, from where it was read before, until its process has ended. */
export function followJob<Batch extends Step>(deps: FollowDeps<Batch>): Follower {
  const stopping = new AbortController();
  const alarm = createAlarm();
  const ended = follow(deps, alarm, stopping.signal).catch((error: unknown) => {
    deps.log("error", "An agent is no longer followed; it is taken up again.", {
      dir: deps.dir,
      error: String(error),
    });
  });
  return {
    ended,
    wake: alarm.ring,
    async stop() {
      stopping.abort();
      alarm.ring();
      await ended;
    },
  };
}

async function follow<Batch extends Step>(
  deps: FollowDeps<Batch>,
  alarm: Alarm,
  stopped: AbortSignal,
): Promise<void> {
  const paths = jobPaths(deps.dir);
  const watching = watchPath(deps.dir, alarm.ring);
  const since = Date.now();
  const splitter = createJobLines();
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let before: Batch | null = null;
  let from = deps.readTo;
  let position = from;
  let looked = Number.NEGATIVE_INFINITY;
  let file: FileHandle | null = null;

  /** Delivers lines, in smaller and smaller batches while the journal has little room; false when following was stopped. */
  const deliver = async (lines: Line[]): Promise<boolean> => {
    let size = lines.length;
    for (let at = 0, failures = 0; at < lines.length;) {
      if (stopped.aborted) return false;
      const part = lines.slice(at, at + size);
      const batch = deps.translate(part, from, before);
      if (deps.deliver(batch)) {
        at += part.length;
        from = batch.to;
        before = batch;
        failures = 0;
      } else {
        size = Math.max(1, Math.floor(part.length / 2));
        if (part.length === 1) await pause(retryDelay(failures++), stopped);
      }
    }
    return true;
  };

  try {
    file = await openIfThere(paths.stdout);
    while (!stopped.aborted) {
      // In this order: what is true of the process now, then all that it can have written before.
      const due = Date.now() - looked >= POLL_MS;
      const over = due && (await isOver(deps, since));
      if (due) looked = Date.now();
      const exit = await readExit(deps.dir);
      const length = file === null ? 0 : (await file.read(buffer, 0, CHUNK_BYTES, position)).bytesRead;
      if (length > 0) {
        position += length;
        if (!(await deliver(splitter.push(buffer.subarray(0, length))))) return;
        if (length < CHUNK_BYTES) await pause(GATHER_MS, stopped);
      } else if (exit !== null || over || file === null) {
        const rest = splitter.flush();
        const last = deps.translate(rest === null ? [] : [rest], from, before);
        const end = { exit, claim: await readClaim(deps.dir) };
        await insist(() => deps.deliverEnd(last, end), stopped);
        return;
      } else {
        await alarm.wait(watching.blind() ? BLIND_POLL_MS : POLL_MS);
      }
    }
  } finally {
    watching.stop();
    await file?.close();
  }
}

/** Whether nothing of the job runs any more. A job that nobody took is taken here, so that nobody starts it later. */
async function isOver(deps: Pick<FollowDeps<Step>, "dir" | "supervisor">, since: number): Promise<boolean> {
  let claim = await readClaim(deps.dir);
  if (claim === null) {
    if (!(await hasSpec(deps.dir))) return true; // its files are gone
    const supervisor = deps.supervisor();
    if (supervisor === "running" || (supervisor === "not ours" && Date.now() - since < CLAIM_GRACE_MS))
      return false;
    await claimJob(deps.dir, { given_up: true });
    claim = await readClaim(deps.dir);
  }
  if (claim === null || "given_up" in claim) return true;
  if (await isAlive(claim)) return false;
  // Its supervisor is gone; the agent itself may go on and write, and is followed to its end.
  return (await jobProcesses(deps.dir)).length === 0;
}

/** Tries until it is taken, or following was stopped. */
async function insist(deliver: () => Promise<boolean>, stopped: AbortSignal): Promise<void> {
  for (let failures = 0; !stopped.aborted;) {
    if (await deliver()) return;
    await pause(retryDelay(failures++), stopped);
  }
}

function retryDelay(failures: number): number {
  return RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? POLL_MS;
}

async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  // Rejects only when stopped, which the caller looks at.
  await sleep(ms, undefined, { signal: stopped }).catch(() => {});
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null; // the job's files are gone
    throw error;
  }
}
