import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { PANE_MODES, type CommandOf } from "../../../protocol/commands.ts";
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
  const unknown = unknownWish(command.agent, command);
  if (unknown !== null) return { ok: false, message: unknown };
  const program = agents[command.agent];
  if (exists(program)) return { ok: true, argv: [program, ...agentArgs(command.agent, command)] };
  return {
    ok: false,
    message: `${program} was not found; say where it is by agents.${command.agent} in agent.yaml.`,
  };
}

type Wish = Pick<CommandOf<"spawn">, "prompt" | "model" | "mode" | "resume">;

/** Why an agent cannot begin so; null when it can. */
export function unknownWish(agent: CodingAgent, { mode }: Pick<Wish, "mode">): string | null {
  const modes = agent === "opencode" ? [] : PANE_MODES[agent];
  if (mode !== undefined && !modes.includes(mode))
    return `${agent} has no mode ${mode}${modes.length === 0 ? "" : `; it has ${modes.join(", ")}`}.`;
  return null;
}

/** How each agent is told what it begins with; a prompt that begins with `-` is still one. */
export function agentArgs(agent: CodingAgent, { prompt, model, mode, resume }: Wish): string[] {
  const option = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value]);
  const begin = [...option(RESUME[agent], resume), ...option("--model", model)];
  switch (agent) {
    case "claude":
      return [...begin, ...option("--permission-mode", mode), ...option("--", prompt)];
    case "codex":
      return [...begin, ...option("--sandbox", mode), ...option("--", prompt)];
    case "opencode":
      return [...begin, ...(prompt === undefined ? [] : [`--prompt=${prompt}`])];
    case "gemini":
      return [
        ...begin,
        ...option("--approval-mode", mode),
        ...(prompt === undefined ? [] : [`--prompt-interactive=${prompt}`]),
      ];
  }
}

const RESUME: Record<CodingAgent, string> = {
  claude: "--resume",
  codex: "resume",
  opencode: "--session",
  gemini: "--resume",
};

type CodingAgent = NonNullable<CommandOf<"spawn">["agent"]>;

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
