import type { CommandResult } from "../../protocol/commands.ts";
import { RUN_DEFAULT_MS } from "../../protocol/tools.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import type { LiveOutputs } from "../link/liveOutputs.ts";
import { wasDaemonStop } from "../parts.ts";
import type { Background } from "./background/startBackground.ts";
import type { CallStore } from "./callStore.ts";
import { CALL_VARIABLE, cleanEnvironment } from "./cleanEnvironment.ts";
import { startLiveText } from "./liveText.ts";
import { onDirectory } from "./onFile.ts";
import { startProgram } from "./runProgram.ts";
import type { Program, ProgramEnd } from "./runProgram.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused, shown, told } from "./toolResult.ts";

/** What a call's program is run with. */
export type RunnerDeps = {
  calls: CallStore;
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
  const timeoutMs = input.timeout_ms ?? RUN_DEFAULT_MS;
  return onDirectory(call, input.cwd ?? ".", "run", async (cwd) => {
    if (call.signal.aborted) return aborted(call.signal);
    if (input.background === true) return deps.background.start([name, ...args], input, call, cwd);
    const live = deps.outputs?.open(call);
    const program = await startProgram(
      {
        id: call.id,
        argv: [name, ...args],
        // Through its descriptor: a directory that was replaced meanwhile is not entered.
        cwd: cwd.path,
        env: cleanEnvironment(deps.env, { [CALL_VARIABLE]: call.id, PWD: cwd.real }),
        timeoutMs,
        signal: call.signal,
        ...(live === undefined ? {} : { onOutput: startLiveText(live.add) }),
      },
      deps.calls,
    );
    if (program.status === "unstarted") {
      live?.close();
      return told(false, explainUnstarted(name, program), { exitCode: null });
    }
    const end = await program.ended.finally(() => live?.close());
    return end.why === "aborted" ? aborted(call.signal, end) : describeEnd(end, timeoutMs);
  });
}

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
function aborted(signal: AbortSignal, end?: ProgramEnd): CommandResult {
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

function explainUnstarted(name: string, program: Program & { status: "unstarted" }): string {
  if (program.code === "ENOENT") return `There is no program ${shown(name)} on this host.`;
  if (program.code === "EACCES") return `${shown(name)} is not a program that the daemon's user may run.`;
  return `${shown(name)} could not be started (${program.message.slice(0, 500)}).`;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
