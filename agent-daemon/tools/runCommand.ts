import type { CommandResult } from "../../protocol/commands.ts";
import { RUN_DEFAULT_MS } from "../../protocol/tools.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import type { LiveOutputs } from "../link/liveOutputs.ts";
import { wasDaemonStop } from "../parts.ts";
import type { Background } from "./background/startBackground.ts";
import { CALL_VARIABLE, cleanEnvironment } from "./cleanEnvironment.ts";
import { endCall } from "./endCall.ts";
import { pathForOthers } from "./holdDirectory.ts";
import { onDirectory } from "./onFile.ts";
import type { Outcome, ProgramEnd } from "./runner/outcome.ts";
import type { RunStore } from "./runner/runStore.ts";
import type { Runner } from "./runner/startRunner.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused, shown, told } from "./toolResult.ts";

/** What a call's program is run with. */
export type RunnerDeps = {
  runs: RunStore;
  runner: Pick<Runner, "run">;
  env: NodeJS.ProcessEnv;
  /** Where what is printed is shown while the program runs. */
  outputs?: Pick<LiveOutputs, "open">;
  /** What goes on when the call has ended. */
  background: Pick<Background, "start">;
};

/** Runs a program for a call: without a shell, confined to a directory, for a bounded time or in the background. */
export async function runCommandTool(
  input: ToolInput<"run_command">,
  call: ToolCall,
  deps: RunnerDeps,
): Promise<CommandResult> {
  const [name, ...args] = input.argv;
  if (name === undefined || name === "") return refused("bad_input", "The argument vector names no program.");
  return onDirectory(call, input.cwd ?? ".", "run", async (cwd) => {
    if (call.signal.aborted) return aborted(call.signal);
    if (input.background === true) return deps.background.start([name, ...args], input, call, cwd);
    const { runs, runner } = deps;
    const live = deps.outputs?.open(call);
    const outcome = await runner
      .run({
        id: call.id,
        attempt: runs.begin(call.id),
        argv: [name, ...args],
        // Through its descriptor: a directory that was replaced meanwhile is not entered.
        cwd: pathForOthers(cwd),
        env: cleanEnvironment(deps.env, { [CALL_VARIABLE]: call.id, PWD: cwd.real }),
        timeout_ms: input.timeout_ms ?? RUN_DEFAULT_MS,
        signal: call.signal,
        onStarted: (leader) => runs.setLeader(call.id, leader),
        onText: live?.add,
      })
      .finally(() => live?.close());
    if (outcome.status === "lost")
      await endCall({ id: call.id, leader: runs.find(call.id)?.leader?.pid ?? null });
    return describeOutcome(outcome, call.signal);
  });
}

/** A call's outcome as its result. */
export function describeOutcome(outcome: Outcome, signal: AbortSignal): CommandResult {
  if (outcome.status === "lost") return LOST;
  if (outcome.status === "unstarted") return told(false, explainUnstarted(outcome), { exitCode: null });
  const { end, timeout_ms } = outcome;
  return end.why === "aborted" ? aborted(signal, end) : describeEnd(end, timeout_ms);
}

const LOST: CommandResult = {
  status: "indeterminate",
  message: "What ran this on the host died before it ended; how far it came is not known.",
};

function describeEnd(end: ProgramEnd, timeoutMs: number): CommandResult {
  const notes: string[] = [];
  if (end.why === "timeout") notes.push(`[ended after ${seconds(timeoutMs)}: its time was over]`);
  else if (end.signal !== null) notes.push(`[ended by ${end.signal}]`);
  const { found, remain } = end.leftovers;
  if (end.why === "ended" && found > 0) {
    notes.push(`[${found === 1 ? "a process" : `${found} processes`} that it had left behind ended with it]`);
  }
  if (remain.length > 0) notes.push(remainNote(remain));
  const text = [end.text.replace(/\n$/, ""), ...notes].filter((part) => part !== "").join("\n");
  const ok = end.why === "ended" && end.code === 0 && remain.length === 0;
  return told(ok, text === "" ? "(no output)" : text, {
    cut: end.cut,
    exitCode: end.why === "ended" ? end.code : null,
  });
}

/** A call that was ended on the way, by whoever did. */
export function aborted(signal: AbortSignal, end?: Pick<ProgramEnd, "leftovers">): CommandResult {
  const remain = end?.leftovers.remain ?? [];
  if (remain.length > 0) return refused("still_running", remainNote(remain));
  if (signal.aborted && !wasDaemonStop(signal)) return { status: "cancelled" };
  return refused(
    "daemon_stopped",
    end === undefined
      ? "The host's daemon stopped before this ran."
      : "The host's daemon stopped while this ran, and ended it.",
  );
}

function remainNote(remain: number[]): string {
  return `[${remain.length === 1 ? "process" : "processes"} ${remain.slice(0, 20).join(", ")} could not be ended]`;
}

function explainUnstarted({ program, code, message }: Outcome & { status: "unstarted" }): string {
  if (code === "ENOENT") return `There is no program ${shown(program)} on this host.`;
  if (code === "EACCES") return `${shown(program)} is not a program that the daemon's user may run.`;
  return `${shown(program)} could not be started (${message.slice(0, 500)}).`;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
