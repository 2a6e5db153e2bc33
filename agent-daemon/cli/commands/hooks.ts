import { existsSync } from "node:fs";
import { hookSocketPath } from "../../agents/claude/startClaude.ts";
import { DEFAULT_CONFIG_PATH, readConfig } from "../../config.ts";
import { changeHooks } from "../../hooks/changeHooks.ts";
import { EXIT } from "../../system/exitCodes.ts";
import type { Context } from "../context.ts";
import { findHome } from "../context.ts";
import type { HooksArgs } from "../invocation.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { CONFIG_OPTION, readText } from "../readValues.ts";

/** `signalbox hooks` on the command line. */
export const hooksSpec: CommandSpec = {
  usage: "install | remove | status",
  summary: "let Claude Code's permission requests reach Signalbox, or no longer",
  details:
    "Writes one hook into Claude Code's settings and touches nothing else there. Claude's own dialog stays open: the\nfirst answer counts, there or here.",
  options: { config: CONFIG_OPTION },
  words: { least: 1, most: 1 },
  read: (values, [action]) => {
    if (action !== "install" && action !== "remove" && action !== "status")
      throw new UsageProblem("say install, remove or status.");
    return { command: "hooks", args: { action, config: readText(values, "config") } };
  },
};

/** `signalbox hooks install|remove|status`: Claude Code's permission requests reach the daemon, or do not. */
export async function hooks({ action, config: file }: HooksArgs, context: Context): Promise<number> {
  const home = findHome(context);
  const stateDir =
    file === null && home !== null && existsSync(home.run)
      ? home.agent
      : readConfig(file ?? DEFAULT_CONFIG_PATH).state_dir;
  const { path, state, changed } = changeHooks(action, {
    env: context.env,
    node: process.execPath,
    program: context.self.selfPath,
    socket: hookSocketPath(stateDir),
  });
  context.print(SAYS[action][changed ? "changed" : state](path));
  return action === "status" && state !== "installed" ? EXIT.failed : EXIT.ok;
}

type Says = Record<"changed" | "installed" | "other" | "missing", (path: string) => string>;
const SAYS: Record<HooksArgs["action"], Says> = {
  install: {
    changed: (path) => `Claude Code asks Signalbox too from its next start on (${path}).`,
    installed: (path) => `The hook is in ${path} already.`,
    other: (path) => `The hook in ${path} could not be renewed.`,
    missing: (path) => `The hook could not be put into ${path}.`,
  },
  remove: {
    changed: (path) => `The hook is out of ${path}; everything else there is as it was.`,
    installed: (path) => `The hook is still in ${path}.`,
    other: (path) => `A hook is still in ${path}.`,
    missing: (path) => `There is no hook in ${path}.`,
  },
  status: {
    changed: (path) => path,
    installed: (path) => `The hook is in ${path}.`,
    other: (path) => `The hook in ${path} is of another Signalbox or version; run signalbox hooks install.`,
    missing: (path) => `There is no hook in ${path}; run signalbox hooks install.`,
  },
};
