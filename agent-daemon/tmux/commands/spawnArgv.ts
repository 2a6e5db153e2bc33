import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { CommandOf } from "../../../protocol/commands.ts";
import type { AgentConfig } from "../../config.ts";

export type SpawnArgv =
  /** Null: the person's shell, as tmux knows it. */
  { ok: true; argv: [string, ...string[]] | null } | { ok: false; message: string };

/** What a spawn runs. An agent is found on the daemon's PATH; a bare name in an argument vector may be known to tmux only. */
export function spawnArgv(
  command: CommandOf<"spawn">,
  agents: AgentConfig["agents"],
  env: NodeJS.ProcessEnv,
): SpawnArgv {
  if (command.argv !== undefined) {
    const [program, ...args] = command.argv;
    if (program === undefined || program === "")
      return { ok: false, message: "The program's name is empty." };
    if (command.argv.some((arg) => arg.includes("\0")))
      return { ok: false, message: "An argument holds a NUL character." };
    if (program.includes("/") && !isExecutable(resolve(command.cwd, program))) {
      return { ok: false, message: `${program} is not a program.` };
    }
    return { ok: true, argv: [program, ...args] };
  }
  if (command.agent === undefined) return { ok: true, argv: null };
  const program = agents[command.agent];
  const found = program.includes("/") ? (isExecutable(program) ? program : null) : findOnPath(program, env);
  return found === null
    ? {
        ok: false,
        message: `${program} was not found; say where it is by agents.${command.agent} in agent.yaml.`,
      }
    : { ok: true, argv: [found] };
}

/**
 * The arguments that make tmux run exactly this vector. tmux gives a single argument to a shell but executes two or more
 * as they are; `nice -n 0` changes nothing, so a vector of one becomes one of more, and a program that is missing is
 * named on the screen.
 */
export function exactArgv(argv: readonly [string, ...string[]]): string[] {
  return ["nice", "-n", "0", "--", ...argv];
}

function findOnPath(name: string, env: NodeJS.ProcessEnv): string | null {
  const places = (env.PATH ?? "").split(delimiter).filter((place) => place !== "");
  return places.map((place) => join(place, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not for us
  }
}
