import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { hasCode } from "../../agents/codex/durableFiles.ts";
import { ProcessIdentity } from "../../system/processIdentity.ts";
import { readJsonFile } from "../../system/readJsonFile.ts";
import { Outcome } from "./outcome.ts";

/** Who has taken a call: the runner that carries it out, or a daemon that saw to it that none ever does. */
export const Claim = z.union([ProcessIdentity, z.object({ given_up: z.literal(true) })]);
export type Claim = z.infer<typeof Claim>;

/** Where the files of calls are. They outlive a daemon, not the machine: no call waits for the disk. */
export function callsDir(stateDir: string): string {
  return join(stateDir, "calls");
}

/** Takes a call; false when somebody has it already. */
export function claimCall(dir: string, attempt: string, claim: Claim): boolean {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const own = `${claimPath(dir, attempt)}.${process.pid}`;
  writeFileSync(own, JSON.stringify(claim), { mode: 0o600 });
  try {
    linkSync(own, claimPath(dir, attempt));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Who has a call; null when nobody does. */
export function readCallClaim(dir: string, attempt: string): Claim | null {
  return readJsonFile(claimPath(dir, attempt), Claim);
}

/** Notes what a call came to, for a daemon that was not there to be told. */
export function writeOutcome(dir: string, attempt: string, outcome: Outcome): void {
  const path = outcomePath(dir, attempt);
  writeFileSync(`${path}.part`, JSON.stringify(outcome), { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** What a call came to; null while that is not known. */
export function readOutcome(dir: string, attempt: string): Outcome | null {
  return readJsonFile(outcomePath(dir, attempt), Outcome);
}

/** Removes the files of a call that nobody asks for any more. */
export function removeCallFiles(dir: string, attempt: string): void {
  for (const path of [claimPath(dir, attempt), outcomePath(dir, attempt)]) rmSync(path, { force: true });
}

/** Removes what is older: of daemons that died before they could. */
export function removeOldCallFiles(dir: string, before: number): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).mtimeMs < before) rmSync(path, { force: true });
  }
}

const claimPath = (dir: string, attempt: string) => join(dir, `${attempt}.claim`);
const outcomePath = (dir: string, attempt: string) => join(dir, `${attempt}.outcome`);
