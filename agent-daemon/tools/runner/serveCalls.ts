import { identify } from "../../system/processIdentity.ts";
import type { ProcessIdentity } from "../../system/processIdentity.ts";
import { holdAgain } from "../holdDirectory.ts";
import type { HeldDirectory } from "../holdDirectory.ts";
import { startLiveText } from "../liveText.ts";
import { startProgram } from "../runProgram.ts";
import { claimCall, writeOutcome } from "./callFiles.ts";
import type { Outcome } from "./outcome.ts";
import { RunnerOrder } from "./runnerMessages.ts";
import type { RunnerNews } from "./runnerMessages.ts";

/** The hidden word by which the daemon's program becomes the runner of its calls: `… __runner <dir>`. */
export const RUNNER_WORD = "__runner";

type RunOrder = Extract<RunnerOrder, { type: "run" }>;

/**
 * Runs the programs of the daemon's calls, in a process of its own that outlives it: when the daemon dies, what runs goes
 * on to its end, which is noted beside it. Ends when it has no daemon and nothing left to run.
 */
export async function serveCalls(dir: string): Promise<void> {
  const running = new Map<string, AbortController>();
  const over = Promise.withResolvers<void>();
  const endIfAlone = () => {
    if (!process.connected && running.size === 0) over.resolve();
  };
  const self = identify(process.pid);

  async function carryOut(order: RunOrder): Promise<void> {
    const controller = new AbortController();
    running.set(order.id, controller);
    try {
      const outcome = await runOrder(dir, order, await self, controller.signal);
      if (outcome !== null) tell({ type: "over", id: order.id, outcome });
    } finally {
      running.delete(order.id);
      endIfAlone();
    }
  }

  process.on("message", (raw) => {
    const order = RunnerOrder.parse(raw);
    if (order.type === "run") void carryOut(order);
    else running.get(order.id)?.abort();
  });
  process.on("disconnect", endIfAlone);
  endIfAlone();
  await over.promise;
}

/** Takes a call and runs its program; null when it has been taken: whoever took it says what becomes of it. */
async function runOrder(
  dir: string,
  order: RunOrder,
  self: ProcessIdentity | null,
  signal: AbortSignal,
): Promise<Outcome | null> {
  const program = order.argv[0];
  let cwd: HeldDirectory | null = null;
  try {
    // Before it is taken: the directory is held by the daemon, and is gone with it.
    cwd = await holdAgain(order.cwd);
    if (self === null) throw new Error("the runner does not find itself");
    if (!claimCall(dir, order.attempt, self)) return null;
  } catch (error) {
    await cwd?.close();
    return { status: "unstarted", program, code: "UNKNOWN", message: String(error) };
  }
  const outcome = await runProgram(order, cwd, signal).catch((error: unknown): Outcome => {
    complain("A program is lost", error);
    return { status: "lost" };
  });
  try {
    writeOutcome(dir, order.attempt, outcome);
  } catch (error) {
    complain("An outcome could not be noted", error); // the daemon, if there is one, is told
  }
  return outcome;
}

async function runProgram(order: RunOrder, cwd: HeldDirectory, signal: AbortSignal): Promise<Outcome> {
  const { id, argv, env, timeout_ms } = order;
  const program = await startProgram(
    {
      id,
      argv,
      cwd: cwd.path,
      env,
      timeoutMs: timeout_ms,
      signal,
      onOutput: startLiveText((text) => tell({ type: "printed", id, text })),
    },
    (leader) => tell({ type: "started", id, leader }),
  ).finally(() => cwd.close());
  return program.status === "unstarted"
    ? { ...program, program: argv[0] }
    : { status: "ended", end: await program.ended, timeout_ms };
}

function tell(news: RunnerNews): void {
  // Nobody there any more: what must be known is in a file.
  if (process.connected) process.send?.(news, undefined, undefined, () => {});
}

function complain(what: string, error: unknown): void {
  process.stderr.write(`${what}: ${error instanceof Error ? error.stack : String(error)}\n`);
}
