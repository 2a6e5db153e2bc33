import { open, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandResult } from "../../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import type { Exit } from "../../../protocol/session.ts";
import { summarizeCall } from "../../../protocol/tools.ts";
import type { ToolInput } from "../../../protocol/tools.ts";
import { redact } from "../../../protocol/redact.ts";
import { jobPaths } from "../../agents/codex/jobFiles.ts";
import { launchSupervisor } from "../../agents/codex/launchSupervisor.ts";
import type { SelfProgram } from "../../agents/codex/launchSupervisor.ts";
import { DONE } from "../../parts.ts";
import type { CommandContext, Log, Outlet } from "../../parts.ts";
import { cleanEnvironment } from "../cleanEnvironment.ts";
import { collectOutput } from "../collectOutput.ts";
import type { HeldDirectory } from "../holdDirectory.ts";
import { refused, shown, told } from "../toolResult.ts";
import {
  commandDir,
  createCommandFiles,
  listCommandDirs,
  readCommandSpec,
  readTold,
  writeTold,
} from "./commandFiles.ts";
import type { CommandSpec } from "./commandFiles.ts";
import { commandState, stopCommand } from "./commandState.ts";
import type { CommandState } from "./commandState.ts";
import { COMMAND_WORD } from "./superviseCommand.ts";

/** Background commands of one session that may run at a time. */
export const MAX_RUNNING = 16;
/** The files of one that has ended are kept this long. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
const LOOK_MS = 500;
/** How soon a starting command is looked at again, and how long its number is waited for. */
const START_LOOK_MS = 25;
const START_PATIENCE_MS = 10_000;
/** Room for what is said of a command above its output. */
const NOTES_BYTES = 1024;

export type BackgroundDeps = {
  stateDir: string;
  self: SelfProgram;
  env: NodeJS.ProcessEnv;
  outlet: Outlet;
  log: Log;
};

/** Commands of chats that go on in the background, and outlive the daemon. */
export type Background = {
  start(
    argv: [string, ...string[]],
    input: ToolInput<"run_command">,
    call: CommandContext,
    cwd: HeldDirectory,
  ): Promise<CommandResult>;
  output(input: ToolInput<"command_output">, call: CommandContext): Promise<CommandResult>;
  stop(input: ToolInput<"command_stop">, call: CommandContext): Promise<CommandResult>;
  /** Stops a command of a session, or all of them that were not to be kept. */
  stopFor(session: string, id: string | undefined): Promise<CommandResult>;
  /** Stops looking; the commands go on. */
  close(): Promise<void>;
};

/** Starts following the background commands that earlier daemons began. */
export function startBackground(deps: BackgroundDeps): Background {
  const { stateDir, outlet, log } = deps;
  const closing = new AbortController();
  const following = new Set<Promise<void>>();
  const resumed = resume().catch((error: unknown) =>
    log("error", "Background commands of before are not followed.", { error: String(error) }),
  );

  async function resume(): Promise<void> {
    for (const dir of await listCommandDirs(stateDir)) {
      const spec = await readCommandSpec(dir);
      const over = spec === null || (await readTold(dir)) !== null;
      if (!over) follow(dir, spec);
      else if (spec === null || Date.now() - spec.started_at > KEEP_MS)
        await rm(dir, { recursive: true, force: true });
    }
  }

  function follow(dir: string, spec: CommandSpec): void {
    const work = untilTold(dir, spec)
      .catch((error: unknown) =>
        log("error", "A background command is no longer followed until the daemon starts again.", {
          id: spec.id,
          error: String(error),
        }),
      )
      .finally(() => following.delete(work));
    following.add(work);
  }

  /** Waits for the end of a command, and tells it: once, and again only when the daemon dies in between. */
  async function untilTold(dir: string, spec: CommandSpec): Promise<void> {
    for (; !closing.signal.aborted; await pause(LOOK_MS, closing.signal)) {
      const state = await commandState(dir, spec);
      if (state.running || !outlet.put([tellOf(spec, state.exit)])) continue;
      return writeTold(dir, state.exit);
    }
  }

  async function start(
    argv: [string, ...string[]],
    input: ToolInput<"run_command">,
    call: CommandContext,
    cwd: HeldDirectory,
  ): Promise<CommandResult> {
    if ((await runningOf(call.session)).length >= MAX_RUNNING)
      return refused("busy", `${MAX_RUNNING} background commands of this chat run already; stop one first.`);
    const spec: CommandSpec = {
      id: call.id,
      session: call.session,
      argv,
      summary: redact(summarizeCall("run_command", { argv })).replace(/^run_command /, ""),
      keep: input.keep === true,
      timeout_ms: input.timeout_ms ?? null,
      started_at: Date.now(),
    };
    const dir = commandDir(stateDir, spec.session, spec.id);
    await createCommandFiles(dir, spec);
    if (!outlet.put([tellOf(spec, null)])) {
      await rm(dir, { recursive: true, force: true });
      return refused(
        "journal_full",
        "The host's journal is full: nothing starts until the link has caught up.",
      );
    }
    const env = cleanEnvironment(deps.env, { PWD: cwd.real });
    launchSupervisor(dir, deps.self, env, log, () => {}, { word: COMMAND_WORD, cwd: cwd.path });
    follow(dir, spec);
    // The directory is held until the supervisor is in it.
    const state = await look(dir, spec, START_PATIENCE_MS, (now) => !now.running || now.pid !== null);
    if (!state.running && state.exit.code === null && state.exit.signal === null)
      return told(false, state.exit.message ?? "It did not start.", { exitCode: null });
    const process = state.running && state.pid !== null ? `, as process ${state.pid}` : "";
    return told(
      true,
      `Runs in the background as ${spec.id}${process}. command_output shows what it prints, command_stop ends it; ${
        spec.keep ? "it goes on when this chat is deleted" : "it ends when this chat is deleted"
      }.`,
    );
  }

  /** Looks until it is as wanted, or the time is over. */
  async function look(
    dir: string,
    spec: CommandSpec,
    ms: number,
    wanted: (state: CommandState) => boolean,
    signal: AbortSignal = closing.signal,
  ): Promise<CommandState> {
    for (const began = Date.now(); ; await pause(START_LOOK_MS, signal)) {
      const state = await commandState(dir, spec);
      if (wanted(state) || signal.aborted || Date.now() - began >= ms) return state;
    }
  }

  async function find(
    session: string,
    id: string,
  ): Promise<{ dir: string; spec: CommandSpec } | CommandResult> {
    const dir = commandDir(stateDir, session, id);
    const spec = await readCommandSpec(dir);
    return spec === null
      ? refused("no_such_command", `This chat has no background command ${shown(id)} on this host.`)
      : { dir, spec };
  }

  async function runningOf(session: string): Promise<{ dir: string; spec: CommandSpec }[]> {
    const found = await Promise.all(
      (await listCommandDirs(stateDir, session)).map(async (dir) => {
        const spec = await readCommandSpec(dir);
        return spec !== null && (await readTold(dir)) === null ? [{ dir, spec }] : [];
      }),
    );
    return found.flat();
  }

  async function end({ dir, spec }: { dir: string; spec: CommandSpec }): Promise<CommandResult> {
    const remain = await stopCommand(dir, spec);
    return remain.length === 0
      ? DONE
      : refused("still_running", `Could not be ended: ${remain.slice(0, 20).join(", ")}.`);
  }

  return {
    start,
    async output(input, call) {
      const found = await find(call.session, input.command);
      if ("status" in found) return found;
      const signal = AbortSignal.any([call.signal, closing.signal]);
      const state = await look(found.dir, found.spec, input.wait_ms ?? 0, (now) => !now.running, signal);
      if (call.signal.aborted) return { status: "cancelled" };
      const { text, cut } = await readEnd(jobPaths(found.dir).stdout);
      const said = text === "" ? "(no output)" : text.replace(/\n$/, "");
      const code = state.running ? undefined : state.exit.code;
      return told(state.running || code === 0, `[${inWords(state, found.spec)}]\n${said}`, {
        cut,
        ...(code === undefined ? {} : { exitCode: code }),
      });
    },
    async stop(input, call) {
      const found = await find(call.session, input.command);
      if ("status" in found) return found;
      const before = await commandState(found.dir, found.spec);
      const result = await end(found);
      if (result.status !== "done") return result;
      return told(
        true,
        before.running ? "Stopped, with everything it had started." : inWords(before, found.spec),
      );
    },
    async stopFor(session, id) {
      const all = await runningOf(session);
      const wanted = all.filter(({ spec }) => (id === undefined ? !spec.keep : spec.id === id));
      const results = await Promise.all(wanted.map(end));
      return results.find(({ status }) => status !== "done") ?? DONE;
    },
    async close() {
      closing.abort();
      await resumed;
      await Promise.all(following);
    },
  };
}

function tellOf({ id, session, summary }: CommandSpec, exit: Exit | null) {
  return { kind: "background", id, session, summary, exit } as const;
}

function inWords(state: CommandState, { started_at }: CommandSpec): string {
  if (state.running) {
    const seconds = Math.round((Date.now() - started_at) / 1000);
    return `still runs${state.pid === null ? "" : ` as process ${state.pid}`}, for ${seconds} s now`;
  }
  const { code, signal, message } = state.exit;
  return message ?? (signal === null ? `ended with code ${code}` : `ended by ${signal}`);
}

/** The end of what a command has printed: what says how it goes. */
async function readEnd(path: string): Promise<{ text: string; cut: number }> {
  const room = MAX_OUTPUT_BYTES - NOTES_BYTES;
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - room);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, room)), 0, size - from, from);
    // From a line's beginning, where there is one.
    const line = from === 0 ? 0 : buffer.indexOf(10) + 1;
    const output = collectOutput(2 * room);
    output.add(1, buffer.subarray(line, bytesRead));
    const { text, cut } = output.result();
    const before = from + line;
    return { text: before === 0 ? text : `[${before} bytes before this]\n${text}`, cut: before + cut };
  } finally {
    await file.close();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Rejects only when aborted, which the caller looks at.
  await sleep(ms, undefined, { signal }).catch(() => {});
}
