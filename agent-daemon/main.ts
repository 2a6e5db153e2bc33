import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HOOK_WORD } from "./agents/claude/hookWire.ts";
import { runHook } from "./agents/claude/runHook.ts";
import { findCheckout, findHome } from "./cli/context.ts";
import type { Context } from "./cli/context.ts";
import { isLocked } from "./system/lock.ts";
import { EXIT } from "./system/exitCodes.ts";
import { Sentence, say } from "./system/Sentence.ts";
import { VERSION } from "./version.ts";

/** The daemon and the command line of Signalbox: one program. Gives back the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const note = (line: string) => void process.stderr.write(`${line}\n`);
  const context: Context = {
    env: process.env,
    print,
    note,
    self: { selfPath: fileURLToPath(import.meta.url) },
    checkout: findCheckout(import.meta.dirname),
  };
  try {
    // Claude waits with its card for it: everything else is loaded only where it is needed.
    const [word, socket = ""] = argv;
    if (word === HOOK_WORD) {
      await runHook(socket, process.env, process);
      return EXIT.ok;
    }
    const [{ runHidden }, { parseCommandLine }, { runCommand }] = await Promise.all([
      import("./cli/runHidden.ts"),
      import("./cli/parseCommandLine.ts"),
      import("./cli/runCommand.ts"),
    ]);
    const hidden = runHidden(argv, context);
    if (hidden !== null) return await hidden;
    const line = parseCommandLine(argv, VERSION);
    if (line.kind === "run") return await runCommand(line.invocation, context);
    (line.kind === "print" ? print : note)(line.text);
    return line.exitCode;
  } catch (error) {
    const detail =
      !(error instanceof Sentence) && error instanceof Error ? (error.stack ?? error.message) : say(error);
    note(process.env["SIGNALBOX_LOG"] === "debug" || !(error instanceof Sentence) ? detail : error.message);
    return error instanceof Sentence ? error.exitCode : EXIT.failed;
  }
}

/** Whether one-machine mode runs from this checkout now. */
export function isUp(): boolean {
  const files = findHome({ env: process.env, checkout: findCheckout(import.meta.dirname) });
  return files !== null && isLocked(files.lock);
}

function isProgram(): boolean {
  const started = process.argv[1];
  if (started === undefined) return false;
  try {
    return realpathSync(started) === fileURLToPath(import.meta.url);
  } catch {
    return false; // started in a way that is not a file
  }
}

if (isProgram()) process.exit(await main(process.argv.slice(2)));
