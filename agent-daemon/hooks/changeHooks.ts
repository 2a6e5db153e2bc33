import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { HostInfo } from "../../protocol/host.ts";
import { readFileIfThere } from "../system/readFileIfThere.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";
import {
  haveSameMeaning,
  hookCommand,
  type HookState,
  quote,
  readHookState,
  withHook,
  withoutHook,
} from "./claudeSettings.ts";

export type HookPlace = { env: NodeJS.ProcessEnv; node: string; program: string; socket: string };

/** Installs, removes or looks for our hook; tells the state that it left behind. */
export function changeHooks(
  action: "install" | "remove" | "status",
  { env, node, program, socket }: HookPlace,
): { path: string; state: HookState; changed: boolean } {
  const path = claudeSettingsPath(env);
  const command = hookCommand(node, program, socket);
  const changed =
    action === "install" ? installHook(path, command) : action === "remove" ? removeHook(path) : false;
  return { path, state: readHookState(readFileIfThere(path), command), changed };
}

/** Where our hook stands, and the line that installs it; undefined when the settings cannot be read. */
export function readClaudeHook(place: HookPlace): HostInfo["claude_hook"] {
  const install = [place.node, place.program, "hooks", "install"].map(quote).join(" ");
  try {
    return { state: changeHooks("status", place).state, install };
  } catch {
    return undefined; // not what Claude Code writes: `hooks status` says what is wrong
  }
}

/** Claude Code's settings of this user. */
function claudeSettingsPath(env: NodeJS.ProcessEnv): string {
  return join(env["CLAUDE_CONFIG_DIR"] ?? join(env["HOME"] ?? homedir(), ".claude"), "settings.json");
}

/** Puts our hook into the settings, keeping a copy of what was there before the first time. False when it was there already. */
function installHook(path: string, command: string): boolean {
  const before = readFileIfThere(path);
  const after = withHook(before, command);
  if (after === before) return false;
  const backup = backupPath(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // An empty copy stands for: there was no file.
  if (!existsSync(backup) || withoutHook(before ?? "{}") === before)
    writeFileSync(backup, before ?? "", { mode: 0o600 });
  replace(path, after);
  return true;
}

/** Takes our hook out; byte for byte what was there before it, unless something else was changed since. False when there was none. */
function removeHook(path: string): boolean {
  const before = readFileIfThere(path);
  if (before === null) return false;
  const after = withoutHook(before);
  const backup = backupPath(path);
  const kept = readFileIfThere(backup);
  if (after === before) return false;
  const same = kept !== null && haveSameMeaning(kept, after);
  if (same && kept === "") rmSync(path);
  else replace(path, same ? kept : after);
  rmSync(backup, { force: true });
  return true;
}

function backupPath(path: string): string {
  return `${path}.before-signalbox`;
}

/** Through a link, where settings are kept elsewhere, and with the mode the file has. */
function replace(path: string, text: string): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const mode = existsSync(target) ? statSync(target).mode & 0o777 : 0o600;
  writeFileSafely(target, text);
  chmodSync(target, mode);
}
