import * as z from "zod";
import type { Command, CommandOf, CommandResult } from "../../protocol/commands.ts";
import { TOOLS, isToolName } from "../../protocol/tools.ts";
import type { ToolName } from "../../protocol/tools.ts";
import type { AgentConfig } from "../config.ts";
import type { LiveOutputs } from "../link/liveOutputs.ts";
import { changesNothing } from "../link/changesNothing.ts";
import { storageTrouble } from "../link/storageErrors.ts";
import type { SelfProgram } from "../agents/codex/launchSupervisor.ts";
import type { CommandContext, Log, Outlet, Part } from "../parts.ts";
import type { Store } from "../store.ts";
import { allowedRoot } from "./allowedRoot.ts";
import { startBackground } from "./background/startBackground.ts";
import { openCallStore } from "./callStore.ts";
import { CALL_VARIABLE, cleanEnvironment } from "./cleanEnvironment.ts";
import { resolveOutside } from "./confine.ts";
import { editFileTool } from "./editFile.ts";
import { endLeftCalls } from "./endLeftCalls.ts";
import { findRootRules } from "./findRootRules.ts";
import { gitDiffTool, gitStatusTool } from "./gitTools.ts";
import { listFilesTool } from "./listFiles.ts";
import { readPaneTool, typeIntoPaneTool } from "./paneTools.ts";
import type { PanePart } from "./paneTools.ts";
import { readFileTool } from "./readFile.ts";
import type { RestartPatience } from "./restartService.ts";
import { runCommandTool } from "./runCommand.ts";
import { callsDir } from "./runner/callFiles.ts";
import { followLeftRuns } from "./runner/leftRuns.ts";
import { openRunStore } from "./runner/runStore.ts";
import { startRunner } from "./runner/startRunner.ts";
import { searchFilesTool } from "./searchFiles.ts";
import { makeServiceTools } from "./serviceTools.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused } from "./toolResult.ts";
import { writeFileTool } from "./writeFile.ts";

export type ToolsDeps = {
  config: AgentConfig;
  store: Store;
  outlet: Outlet;
  log: Log;
  /** How this program starts itself (for commands that outlive it). */
  self: SelfProgram;
  /** What carries out commands on panes. */
  panes: PanePart;
  /** Where the output of running commands is shown. */
  outputs?: Pick<LiveOutputs, "open">;
  /** Where the host's sessions work now. */
  sessionDirectories: () => string[];
  /** What the environment of programs is taken from; that of the daemon when not given. */
  env?: NodeJS.ProcessEnv;
  /** The program that searches; for tests. */
  ripgrep?: string;
  patience?: RestartPatience;
};

type CarryOut = (input: unknown, call: ToolCall) => Promise<CommandResult>;

/** Carries out the tool calls of models, in the bounds of a workspace. */
export function startTools(deps: ToolsDeps): Part {
  const { config, log } = deps;
  const env = deps.env ?? process.env;
  const calls = openCallStore(deps.store);
  const background = startBackground({
    stateDir: config.state_dir,
    self: deps.self,
    env,
    outlet: deps.outlet,
    log,
  });
  const runs = openRunStore(deps.store);
  const dir = callsDir(config.state_dir);
  const runner = startRunner({ dir, self: deps.self, env: cleanEnvironment(env), log });
  const programs = {
    runs,
    runner,
    env,
    background,
    ...(deps.outputs === undefined ? {} : { outputs: deps.outputs }),
  };
  const services = makeServiceTools({
    services: config.services,
    env,
    stateDir: config.state_dir,
    ...(deps.patience === undefined ? {} : { patience: deps.patience }),
  });
  const search = { ripgrep: deps.ripgrep ?? "rg", env };
  // A daemon that a call started must not hand that call's mark to what it starts itself.
  delete process.env[CALL_VARIABLE];
  const cleared = endLeftCalls({ calls, runs, dir, log }).catch((error: unknown) => {
    log("error", "What a daemon had left could not be cleared up.", { error: String(error) });
  });

  const left = followLeftRuns({ runs, dir, log });

  const tools: Partial<Record<ToolName, CarryOut>> = {
    run_command: parsed(TOOLS.run_command.input, (input, call) => runCommandTool(input, call, programs)),
    command_output: parsed(TOOLS.command_output.input, background.output),
    command_stop: parsed(TOOLS.command_stop.input, background.stop),
    read_file: parsed(TOOLS.read_file.input, readFileTool),
    write_file: parsed(TOOLS.write_file.input, (input, call) => writeFileTool(input, call, calls)),
    edit_file: parsed(TOOLS.edit_file.input, (input, call) => editFileTool(input, call, calls)),
    list_files: parsed(TOOLS.list_files.input, listFilesTool),
    search_files: parsed(TOOLS.search_files.input, (input, call) => searchFilesTool(input, call, search)),
    git_status: parsed(TOOLS.git_status.input, gitStatusTool),
    git_diff: parsed(TOOLS.git_diff.input, gitDiffTool),
    read_pane: parsed(TOOLS.read_pane.input, (input, call) => readPaneTool(input, call, deps.panes)),
    type_into_pane: parsed(TOOLS.type_into_pane.input, (input, call) =>
      typeIntoPaneTool(input, call, deps.panes),
    ),
    service_status: parsed(TOOLS.service_status.input, services.status),
    service_jobs: parsed(TOOLS.service_jobs.input, services.jobs),
    service_restart: parsed(TOOLS.service_restart.input, services.restart),
  };

  async function run(command: CommandOf<"tool">, context: CommandContext): Promise<CommandResult> {
    const carryOut = isToolName(command.tool) ? tools[command.tool] : undefined;
    if (carryOut === undefined) return refused("unknown_tool", `This host has no tool ${command.tool}.`);
    // What an earlier daemon left of a call may still be at work where this one is to work.
    await cleared;
    const rules = await findRootRules(config, deps.sessionDirectories, deps.env?.HOME);
    const { closed, secrets } = rules;
    const allowed = await allowedRoot(rules, command.root);
    if (!allowed.ok) return refused("not_a_workspace", allowed.message);
    const outside = await resolveOutside(allowed.root, command.outside ?? [], secrets);
    if (context.signal.aborted) return { status: "cancelled" };
    return carryOut(command.input, { ...context, place: { root: allowed.root, outside, closed, secrets } });
  }

  return {
    handles: ({ type }) => type === "tool" || type === "stop_background",
    repeats: changesNothing,
    begins(command, id) {
      if (command.type === "tool" && command.tool === ("run_command" satisfies ToolName)) runs.begin(id);
    },
    left: left.find,
    settled: left.settled,
    async run(command: Command, context) {
      if (command.type === "stop_background") return background.stopFor(context.session, command.command);
      if (command.type !== "tool") return refused("not_here", `${command.type} is not a tool.`);
      try {
        return await run(command, context);
      } catch (error) {
        const trouble = storageTrouble(error);
        if (trouble !== null) return refused("storage", `The daemon cannot note what it does: ${trouble}.`);
        log("error", "A tool broke.", {
          tool: command.tool,
          error: error instanceof Error ? error.stack : String(error),
        });
        return refused(
          "internal",
          `It went wrong: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    },
    async stop() {
      runner.close();
      await Promise.all([background.close(), cleared]);
    },
  };
}

function parsed<T extends z.ZodType>(
  schema: T,
  carryOut: (input: z.output<T>, call: ToolCall) => Promise<CommandResult>,
): CarryOut {
  return async (raw, call) => {
    const input = schema.safeParse(raw);
    if (!input.success)
      return refused("bad_input", `The input is not valid:\n${z.prettifyError(input.error)}`);
    return carryOut(input.data, call);
  };
}
