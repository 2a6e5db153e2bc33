import { setTimeout as sleep } from "node:timers/promises";
import type { CommandResult } from "../../../protocol/commands.ts";
import type { CommandContext, LeftCommand, Log } from "../../parts.ts";
import { isAlive } from "../../system/processIdentity.ts";
import type { ProcessIdentity } from "../../system/processIdentity.ts";
import { endRun } from "../endLeftCalls.ts";
import { aborted, describeOutcome } from "../runCommand.ts";
import { claimCall, readCallClaim, readOutcome, removeCallFiles } from "./callFiles.ts";
import type { OpenRun, RunStore } from "./runStore.ts";

const LOOK_MS = 50;

export type LeftRunsDeps = {
  runs: RunStore;
  dir: string;
  log: Log;
};

/** What became of the programs that a daemon died with. */
export type LeftRuns = {
  /** A call that a daemon died with; null when it was none of a program, or nobody can tell. */
  find(id: string): LeftCommand | null;
  /** The call's result is recorded: nobody asks for it any more. */
  settled(id: string): void;
};

/** Looks after what an earlier daemon's runner has, or had. */
export function followLeftRuns({ runs, dir, log }: LeftRunsDeps): LeftRuns {
  async function follow(
    run: OpenRun,
    runner: ProcessIdentity,
    { signal }: CommandContext,
  ): Promise<CommandResult> {
    for (; ; await sleep(LOOK_MS)) {
      const alive = await isAlive(runner);
      // Looked for after its writer: what is not there then never will be.
      const outcome = readOutcome(dir, run.attempt);
      if (outcome !== null) return describeOutcome(outcome, signal);
      if (signal.aborted) return aborted(signal, { leftovers: await endRun(run) });
      if (alive) continue;
      await endRun(run);
      return describeOutcome({ status: "lost" }, signal);
    }
  }

  /** Sees to it that no runner takes the call any more; who has taken it. */
  function takeOrRead(attempt: string) {
    try {
      return claimCall(dir, attempt, { given_up: true }) ? "nobody" : readCallClaim(dir, attempt);
    } catch (error) {
      log("error", "A call of before cannot be looked after.", { error: String(error) });
      return null;
    }
  }

  return {
    find(id) {
      const run = runs.find(id);
      if (run === null) return null;
      const claim = takeOrRead(run.attempt);
      if (claim === null) return null;
      if (claim !== "nobody" && "pid" in claim)
        return { begun: true, follow: (context) => follow(run, claim, context) };
      // Nobody had it. After a restart of the machine that is no proof: the disk was not waited for.
      return run.sameBoot ? { begun: false } : null;
    },
    settled(id) {
      const run = runs.find(id);
      if (run === null) return;
      runs.end(id);
      const claim = readCallClaim(dir, run.attempt);
      // One that was given up stays so: a runner that starts late finds it taken.
      if (claim === null || "pid" in claim) removeCallFiles(dir, run.attempt);
    },
  };
}
