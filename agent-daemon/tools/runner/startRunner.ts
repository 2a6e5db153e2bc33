import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { SelfProgram } from "../../agents/codex/launchSupervisor.ts";
import type { Log } from "../../parts.ts";
import { launch } from "../../run.ts";
import type { ProcessIdentity } from "../../system/processIdentity.ts";
import { claimCall } from "./callFiles.ts";
import type { Outcome } from "./outcome.ts";
import { RunnerNews } from "./runnerMessages.ts";
import type { RunnerOrder } from "./runnerMessages.ts";
import { RUNNER_WORD } from "./serveCalls.ts";

/** A runner that has had nothing to do for so long is let go; the next call starts another. */
const IDLE_MS = 10 * 60 * 1000;

export type RunnerDeps = {
  /** Where the files of calls are. */
  dir: string;
  self: SelfProgram;
  env: NodeJS.ProcessEnv;
  log: Log;
};

export type ProgramCall = Omit<Extract<RunnerOrder, { type: "run" }>, "type"> & {
  signal: AbortSignal;
  onStarted: (leader: ProcessIdentity) => void;
  onText?: ((text: string) => void) | undefined;
};

/** Runs programs in a process that outlives this one. */
export type Runner = {
  /** Runs a program to its end; `lost` when the runner died with it. */
  run(call: ProgramCall): Promise<Outcome>;
  /** Lets the runner go: it ends what it has, and then itself. */
  close(): void;
};

type Waiting = Pick<ProgramCall, "onStarted" | "onText"> & { end: (outcome: Outcome) => void };
type Channel = { child: ChildProcess; waiting: Map<string, Waiting> };

/** Makes a runner, which starts with its first call. */
export function startRunner({ dir, self, env, log }: RunnerDeps): Runner {
  let channel: Channel | null = null;
  let idle: NodeJS.Timeout | undefined;

  function open(): Channel {
    if (channel !== null) return channel;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const errors = openSync(join(dir, "runner.log"), "a", 0o600);
    try {
      const child = launch({
        argv: [process.execPath, ...(self.execArgv ?? []), self.selfPath, RUNNER_WORD, dir],
        cwd: "/",
        env,
        stdio: ["ignore", errors, errors, "ipc"],
        detached: true,
      });
      const opened: Channel = { child, waiting: new Map() };
      const gone = () => lose(opened);
      child.on("message", (raw) => {
        const { success, data, error: problem } = RunnerNews.safeParse(raw);
        if (success) hear(opened, data);
        else log("error", "The runner of programs said what is not understood.", { error: String(problem) });
      });
      child.on("error", gone);
      child.on("exit", gone);
      child.on("disconnect", gone);
      child.unref();
      child.channel?.unref();
      return (channel = opened);
    } finally {
      closeSync(errors);
    }
  }

  function hear({ waiting }: Channel, news: RunnerNews): void {
    const call = waiting.get(news.id);
    if (news.type === "started") call?.onStarted(news.leader);
    else if (news.type === "printed") call?.onText?.(news.text);
    else call?.end(news.outcome);
  }

  function lose(lost: Channel): void {
    if (channel === lost) channel = null;
    if (lost.waiting.size > 0) log("warn", "The runner of programs ended with calls under way.");
    for (const { end } of lost.waiting.values()) end({ status: "lost" });
  }

  function letGo(): void {
    clearTimeout(idle);
    if (channel?.child.connected === true) channel.child.disconnect();
    channel = null;
  }

  return {
    async run({ signal, onStarted, onText, ...order }) {
      clearTimeout(idle);
      const { child, waiting } = open();
      const over = Promise.withResolvers<Outcome>();
      waiting.set(order.id, { onStarted, onText, end: over.resolve });
      const tell = (what: RunnerOrder) =>
        child.send(what, (error) => error !== null && over.resolve({ status: "lost" }));
      const abort = () => tell({ type: "abort", id: order.id });
      tell({ type: "run", ...order });
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      try {
        const outcome = await over.promise;
        // It never came to it, and from here on never will.
        if (outcome.status === "lost" && claimCall(dir, order.attempt, { given_up: true }))
          return { status: "unstarted", program: order.argv[0], code: "LOST", message: "its runner died" };
        return outcome;
      } finally {
        signal.removeEventListener("abort", abort);
        waiting.delete(order.id);
        if (waiting.size === 0) idle = setTimeout(letGo, IDLE_MS).unref();
      }
    },
    close: letGo,
  };
}
