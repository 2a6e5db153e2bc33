import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { CommandOf } from "../../../protocol/commands.ts";
import type { AgentConfig } from "../../config.ts";

export type SpawnArgv =
  /** Null: the person's shell, as tmux knows it. */
  { ok: true; argv: [string, ...string[]] | null } | { ok: false; message: string };

/** What a spawn runs. A bare name is looked up where tmux will look for it: on the PATH of who starts the pane. */
export function spawnArgv(
  command: CommandOf<"spawn">,
  agents: AgentConfig["agents"],
  env: NodeJS.ProcessEnv,
): SpawnArgv {
  const exists = (program: string) =>
    program.includes("/") ? isExecutable(resolve(command.cwd, program)) : isOnPath(program, env);
  if (command.argv !== undefined) {
    const [program, ...args] = command.argv;
    if (program === undefined || program === "")
      return { ok: false, message: "The program's name is empty." };
    if (command.argv.some((arg) => arg.includes("\0")))
      return { ok: false, message: "An argument holds a NUL character." };
    if (!exists(program)) return { ok: false, message: `${program} was not found on this host.` };
    return { ok: true, argv: [program, ...args] };
  }
  if (command.agent === undefined) return { ok: true, argv: null };
  const program = agents[command.agent];
  if (exists(program)) return { ok: true, argv: [program, ...agentArgs(command.agent, command)] };
  return {
    ok: false,
    message: `${program} was not found; say where it is by agents.${command.agent} in agent.yaml.`,
  };
}

/** How each agent is told its conversation, its model and its first prompt; a prompt that begins with `-` is still one. */
export function agentArgs(
  agent: NonNullable<CommandOf<"spawn">["agent"]>,
  { prompt, model, resume }: Pick<CommandOf<"spawn">, "prompt" | "model" | "resume">,
): string[] {
  const chosen = [
    ...(resume === undefined ? [] : RESUME[agent](resume)),
    ...(model === undefined ? [] : ["--model", model]),
  ];
  if (prompt === undefined) return chosen;
  switch (agent) {
    case "claude":
    case "codex":
      return [...chosen, "--", prompt];
    case "opencode":
      return [...chosen, `--prompt=${prompt}`];
    case "gemini":
      return [...chosen, `--prompt-interactive=${prompt}`];
  }
}

const RESUME: Record<NonNullable<CommandOf<"spawn">["agent"]>, (thread: string) => string[]> = {
  claude: (thread) => ["--resume", thread],
  codex: (thread) => ["resume", thread],
  opencode: (thread) => ["--session", thread],
  gemini: (thread) => ["--resume", thread],
};

/**
 * The arguments that make tmux run exactly this vector. tmux gives a single argument to a shell but executes two or more
 * as they are; `nice -n 0` changes nothing, so a vector of one becomes one of more, and a program that cannot be run is
 * named on the screen.
 */
export function exactArgv(argv: readonly [string, ...string[]]): string[] {
  return ["nice", "-n", "0", "--", ...argv];
}

function isOnPath(name: string, env: NodeJS.ProcessEnv): boolean {
  const places = (env.PATH ?? "").split(delimiter).filter((place) => place !== "");
  return places.some((place) => isExecutable(join(place, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not for us
  }
}
