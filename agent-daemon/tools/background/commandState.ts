import { setTimeout as sleep } from "node:timers/promises";
import type { Exit } from "../../../protocol/session.ts";
import { claimJob, readChild, readClaim, readExit } from "../../agents/codex/jobFiles.ts";
import { signalAll } from "../../agents/codex/jobProcesses.ts";
import { isAlive } from "../../system/processIdentity.ts";
import { callProcesses } from "../callProcesses.ts";
import { endCall } from "../endCall.ts";
import type { CommandSpec } from "./commandFiles.ts";

/** Longer than a supervisor takes to take its command; after it, nobody does. */
const CLAIM_GRACE_MS = 10_000;
/** Longer than a supervisor takes to end everything. */
const SUPERVISOR_MS = 6_000;
const LOOK_MS = 50;

/** How a command stands. `pid`: its first process, once that is known. */
export type CommandState = { running: true; pid: number | null } | { running: false; exit: Exit };

/** Looks how a command stands, also one whose supervisor is gone. One that nobody took in time is given up. */
export async function commandState(dir: string, spec: CommandSpec): Promise<CommandState> {
  const exit = await readExit(dir);
  if (exit !== null)
    return { running: false, exit: { code: exit.code, signal: exit.signal, message: exit.error } };
  const claim = await readClaim(dir);
  if (claim === null) {
    if (Date.now() - spec.started_at < CLAIM_GRACE_MS) return { running: true, pid: null };
    return (await claimJob(dir, { given_up: true })) ? NEVER : commandState(dir, spec);
  }
  if ("given_up" in claim) return NEVER;
  const pid = (await readChild(dir))?.pid ?? null;
  if (await isAlive(claim)) return { running: true, pid };
  // The exit may have been written between the two looks.
  if ((await readExit(dir)) !== null) return commandState(dir, spec);
  return (await callProcesses({ id: spec.id, leader: await leaderOf(dir) })).length > 0
    ? { running: true, pid }
    : UNKNOWN;
}

/** Ends a command, by its supervisor or, where that is gone, directly; the processes that stay. */
export async function stopCommand(dir: string, spec: CommandSpec): Promise<number[]> {
  // Nobody takes it from here on; who has taken it is told.
  await claimJob(dir, { given_up: true });
  const claim = await readClaim(dir);
  if (claim !== null && !("given_up" in claim) && (await isAlive(claim))) {
    signalAll([claim.pid], "SIGTERM");
    for (const began = Date.now(); Date.now() - began < SUPERVISOR_MS; await sleep(LOOK_MS))
      if ((await readExit(dir)) !== null || !(await isAlive(claim))) break;
  }
  return (await endCall({ id: spec.id, leader: await leaderOf(dir) })).remain;
}

/** The first process, where it still is the same one. */
async function leaderOf(dir: string): Promise<number | null> {
  const child = await readChild(dir);
  return child !== null && (await isAlive(child)) ? child.pid : null;
}

const exitOf = (message: string): CommandState & { running: false } => ({
  running: false,
  exit: { code: null, signal: null, message },
});
const NEVER = exitOf("It was never started.");
const UNKNOWN = exitOf("It has ended; how is not known.");
