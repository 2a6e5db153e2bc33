import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SelfProgram } from "../agents/codex/launchSupervisor.ts";
import { homeFiles } from "../edge/homeFiles.ts";
import type { HomeFiles } from "../edge/homeFiles.ts";
import { EXIT } from "../system/exitCodes.ts";
import { Sentence } from "../system/Sentence.ts";
import { UsageProblem } from "./CommandSpec.ts";
import { parsePort } from "./readValues.ts";

/** What a command is given to work with. */
export type Context = {
  env: NodeJS.ProcessEnv;
  /** Lines for the person, and for programs that read them. */
  print: (line: string) => void;
  /** Lines beside the answer. */
  note: (line: string) => void;
  self: SelfProgram;
  /** The checkout this program runs from; null when it is the daemon's file alone. */
  checkout: string | null;
};

/** The checkout that a file belongs to, by its package.json. */
export function findCheckout(from: string): string | null {
  for (let dir = from; ; dir = dirname(dir)) {
    const manifest = join(dir, "package.json");
    if (existsSync(manifest) && /"name":\s*"signalbox"/.test(readFileSync(manifest, "utf8"))) return dir;
    if (dir === dirname(dir)) return null;
  }
}

/** Where one-machine mode keeps its state; null when there is no such place. */
export function findHome({ env, checkout }: Pick<Context, "env" | "checkout">): HomeFiles | null {
  const home = env["SIGNALBOX_HOME"];
  if (home !== undefined && home !== "") return homeFiles(home);
  return checkout === null ? null : homeFiles(join(checkout, ".signalbox"));
}

/** The build of the checkout, and the home; throws a sentence where one-machine mode cannot run. */
export function needCheckout(context: Context): { files: HomeFiles; dist: string } {
  const files = findHome(context);
  const dist =
    context.env["SIGNALBOX_DIST"] ?? (context.checkout === null ? null : join(context.checkout, "dist"));
  if (files === null || dist === null) {
    throw new Sentence(
      "This is the daemon alone; `up`, `down` and `restart` belong to a checkout of Signalbox (npm start there). `signalbox connect URL --code CODE` makes this machine a host of one.",
    );
  }
  return { files, dist };
}

/** The port asked for, by option, environment or default. */
export function choosePort(asked: number | null, env: NodeJS.ProcessEnv): number {
  if (asked !== null) return asked;
  const wanted = env["SIGNALBOX_PORT"];
  if (wanted === undefined || wanted === "") return 8787;
  try {
    return parsePort(wanted);
  } catch (error) {
    if (error instanceof UsageProblem) throw new Sentence(`SIGNALBOX_PORT: ${error.message}`, EXIT.usage);
    throw error;
  }
}
