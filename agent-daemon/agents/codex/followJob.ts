import { watch } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventBody } from "../../../protocol/events.ts";
import type { Log } from "../../parts.ts";
import { hasCode } from "./durableFiles.ts";
import { fitEvent } from "./fitEvent.ts";
import { claimJob, hasSpec, jobPaths, readClaim, readExit } from "./jobFiles.ts";
import type { Claim, JobExit } from "./jobFiles.ts";
import { jobProcesses } from "./jobProcesses.ts";
import { isAlive } from "../../system/processIdentity.ts";
import { createJobLines } from "./splitLines.ts";
import type { Line } from "./splitLines.ts";
import { translateLine } from "./translate.ts";
import type { TurnState } from "./translate.ts";

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

/** Events of a part of the output, with what must be stored in the same transaction. */
export type Batch = {
  events: EventBody[];
  /** Bytes of the output before and after it. */
  from: number;
  to: number;
  state: TurnState;
};

/** How the process ended; `claim` null: nothing ever took the job. */
export type FollowedEnd = { exit: JobExit | null; claim: Claim | null };

export type SupervisorState = "running" | "ended" | "not ours";

export type FollowDeps = {
  dir: string;
  readTo: number;
  state: TurnState;
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
export function followJob(deps: FollowDeps): Follower {
  const stopping = new AbortController();
  const alarm = createAlarm();
  const ended = follow(deps, alarm, stopping.signal).catch((error: unknown) => {
    deps.log("error", "A codex job is no longer followed; it is taken up again.", {
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

async function follow(deps: FollowDeps, alarm: Alarm, stopped: AbortSignal): Promise<void> {
  const paths = jobPaths(deps.dir);
  const watching = watchDirectory(deps.dir, alarm.ring);
  const since = Date.now();
  const splitter = createJobLines();
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let state = deps.state;
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
      const batch = translate(part, from, state);
      if (deps.deliver(batch)) {
        at += part.length;
        from = batch.to;
        state = batch.state;
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
        const last = translate(rest === null ? [] : [rest], from, state);
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
async function isOver(deps: FollowDeps, since: number): Promise<boolean> {
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

/** What lines from a place in the output make of the state there. */
function translate(lines: Line[], from: number, state: TurnState): Batch {
  const batch: Batch = { events: [], from, to: from, state };
  for (const line of lines) {
    const step = translateLine(batch.state, line.text, line.cut);
    for (const event of step.events) batch.events.push(fitEvent(event));
    batch.state = step.state;
    batch.to += line.bytes;
  }
  return batch;
}

async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  // Rejects only when stopped, which the caller looks at.
  await sleep(ms, undefined, { signal: stopped }).catch(() => {});
}

type Alarm = { ring(): void; wait(timeoutMs: number): Promise<void> };

/** Something to sleep on: `wait` returns at once when it rang since the last time. */
function createAlarm(): Alarm {
  let rung = false;
  let waiting: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      waiting?.();
    },
    async wait(timeoutMs) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          waiting = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      waiting = null;
      rung = false;
    },
  };
}

/** Calls back when something in the directory changes; `blind` when the system does not tell. */
function watchDirectory(dir: string, changed: () => void): { blind(): boolean; stop(): void } {
  let blind = false;
  try {
    const watcher = watch(dir, { persistent: false }, changed);
    watcher.on("error", () => {
      blind = true;
      changed();
    });
    return { blind: () => blind, stop: () => watcher.close() };
  } catch {
    // No more watches on this system, or no directory: polling does it.
    return { blind: () => true, stop: () => {} };
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null; // the job's files are gone
    throw error;
  }
}
