import { basename } from "node:path";
import type { AgentName } from "../../protocol/session.ts";

export type CodingAgent = "claude" | "codex" | "opencode" | "gemini";

const SHELLS = new Set(
  "sh bash zsh fish dash ash ksh mksh tcsh csh nu elvish xonsh pwsh rbash busybox".split(" "),
);
const BY_NAME = new Map<string, CodingAgent>([
  ["claude", "claude"],
  ["codex", "codex"],
  ["opencode", "opencode"],
  ["gemini", "gemini"],
]);
const BY_PACKAGE: readonly [string, CodingAgent][] = [
  ["@anthropic-ai/claude-code", "claude"],
  ["@openai/codex", "codex"],
  ["opencode-ai", "opencode"],
  ["@google/gemini-cli", "gemini"],
];
/** Programs that run other programs; what they run is in their arguments or below them. */
const RUNNERS = new Set(
  "node bun deno npx npm pnpm yarn bunx tsx python python3 uv uvx sudo env time nice".split(" "),
);

/** Whether a command as tmux names it is a shell. */
export function isShell(command: string): boolean {
  return SHELLS.has(command.replace(/^-/, ""));
}

/** Options of shells that take the next argument with them. */
const SHELL_OPTIONS = new Set(["--rcfile", "--init-file", "-o", "+o", "-O", "+O"]);

/** Whether an argument vector is a shell that waits for a person, and not one that runs a script or a command. */
export function isInteractiveShell(argv: readonly string[]): boolean {
  if (!isShell(basename(argv[0] ?? ""))) return false;
  for (let i = 1; i < argv.length; i++) {
    const arg = argv[i] ?? "";
    if (SHELL_OPTIONS.has(arg)) i += 1;
    else if (!/^[-+]/.test(arg) || /^-[a-z]*c/.test(arg) || arg === "--command") return false;
  }
  return true;
}

/** The agent that a command name alone tells, or undefined when its arguments must be looked at. */
export function agentOfCommand(command: string): AgentName | undefined {
  if (isShell(command)) return undefined;
  const agent = BY_NAME.get(command);
  if (agent !== undefined) return agent;
  // A truncated or versioned name (`2.1.328`, as one agent calls its process) says nothing by itself.
  return RUNNERS.has(command) || /^[\d.]+$/.test(command) ? undefined : "other";
}

/** The agent in an argument vector: the program itself, or the script that a runner runs. */
export function agentOfArgv(argv: readonly string[]): CodingAgent | null {
  const program = scriptName(argv[0] ?? "");
  const direct = BY_NAME.get(program);
  if (direct !== undefined) return direct;
  const packaged = agentOfPath(argv[0] ?? "");
  if (packaged !== null) return packaged;
  if (!RUNNERS.has(program)) return null;
  for (const arg of argv.slice(1, 8)) {
    if (arg.startsWith("-") || /^\w+=/.test(arg)) continue;
    const agent = BY_NAME.get(scriptName(arg)) ?? agentOfPath(arg);
    if (agent !== null) return agent;
    // The first real argument of a runner is what it runs, unless that is a runner itself (`npm exec`, `sudo node`).
    if (!RUNNERS.has(scriptName(arg)) && !["exec", "run", "x", "dlx", "tool"].includes(arg)) return null;
  }
  return null;
}

function scriptName(path: string): string {
  return basename(path)
    .replace(/^-/, "")
    .replace(/\.(?:[cm]?js|ts|py|exe)$/, "")
    .replace(/@[\w.-]+$/, "");
}

function agentOfPath(path: string): CodingAgent | null {
  for (const [name, agent] of BY_PACKAGE) if (path.includes(name)) return agent;
  return null;
}
