import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { CommandResult } from "../../../protocol/commands.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import { newId } from "../../../protocol/ids.ts";
import type { ToolOutput } from "../../../protocol/toolOutput.ts";
import { AgentConfig } from "../../config.ts";
import { openStore } from "../../store.ts";
import { startTools } from "../startTools.ts";
import type { ToolsDeps } from "../startTools.ts";

/** The tools over a real store, with a workspace `ws`, and a directory `out` beside it that no call may touch. */
export function makeToolRig(
  deps: Partial<ToolsDeps> & {
    services?: unknown;
    secrets?: unknown;
    directory?: string;
    database?: string;
    /** Whether the workspace is the home directory. */
    home?: boolean;
  } = {},
) {
  const directory = deps.directory ?? realpathSync(mkdtempSync(join(tmpdir(), "signalbox-tools-")));
  const [root, outside, state] = [join(directory, "ws"), join(directory, "out"), join(directory, "state")];
  mkdirSync(root, { recursive: true });
  mkdirSync(outside, { recursive: true });
  const config = AgentConfig.parse({
    state_dir: state,
    workspaces: [root],
    worktrees_dir: join(directory, "worktrees"),
    ...(deps.services === undefined ? {} : { services: deps.services }),
    ...(deps.secrets === undefined ? {} : { secrets: deps.secrets }),
  });
  const store = openStore(deps.database ?? join(state, "agent.db"));
  const log: { level: string; message: string; fields: unknown }[] = [];
  const told: DaemonMessage[] = [];
  const start = () =>
    startTools({
      config,
      store,
      outlet: {
        put(messages) {
          told.push(...messages);
          return true;
        },
        lost() {},
      },
      self: { selfPath: join(import.meta.dirname, "commandProgram.ts") },
      log: (level, message, fields) => log.push({ level, message, fields }),
      panes: null,
      sessionDirectories: () => [],
      ...(deps.home === true ? { env: { ...process.env, HOME: root } } : {}),
      ...deps,
    });
  const part = start();
  onTestFinished(async () => {
    await part.stop();
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function run(
    tool: string,
    input: Record<string, unknown>,
    more: { root?: string; outside?: string[]; signal?: AbortSignal; id?: string; session?: string } = {},
  ): Promise<CommandResult> {
    return part.run(
      {
        type: "tool",
        tool,
        input,
        root: more.root ?? root,
        ...(more.outside === undefined ? {} : { outside: more.outside }),
      },
      {
        id: more.id ?? newId("cmd"),
        session: more.session ?? newId("ses"),
        signal: more.signal ?? new AbortController().signal,
      },
    );
  }

  return {
    directory,
    root,
    outside,
    state,
    config,
    store,
    log,
    /** What the edge would be told. */
    told,
    part,
    /** A second daemon on the same store. */
    start,
    run,
    /** Runs a tool that is carried out. */
    async output(...args: Parameters<typeof run>): Promise<ToolOutput> {
      return outputOf(await run(...args));
    },
  };
}

/** The output of a call that was carried out; throws for every other end. */
export function outputOf(result: CommandResult): ToolOutput {
  if (result.status !== "done" || result.value.type !== "tool") throw new Error(JSON.stringify(result));
  return result.value.output;
}

/** Processes whose arguments hold a text that only a test of ours uses. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}
