import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findAgent } from "./agentBinaries.ts";
import { makeClaudeHome } from "./claudeHome.ts";
import { makeCodexHome } from "./codexHome.ts";
import { makeOpencodeHome } from "./opencodeHome.ts";

/** A real agent as a daemon's configuration names it, and how the fake model has it ask to run a command. */
export type RealAgent = {
  name: string;
  /** How its session begins. */
  start: { provider: "acp" | "opencode"; program?: string; mode?: string };
  ask(command: string): string;
  /** What it does when it is told no. */
  denied: "goes on" | "ends its turn";
  /** It takes a denial's message. */
  hears: boolean;
};

export const REAL_AGENTS: RealAgent[] = [
  {
    name: "OpenCode by its server",
    start: { provider: "opencode" },
    ask: (command) => `CALL: bash ${JSON.stringify({ command, description: "for the test" })}`,
    denied: "goes on",
    hears: true,
  },
  {
    name: "claude-agent-acp",
    start: { provider: "acp", program: "claude", mode: "default" },
    ask: (command) => `CALL: Bash ${JSON.stringify({ command })}`,
    denied: "goes on",
    hears: false,
  },
  {
    name: "codex-acp",
    start: { provider: "acp", program: "codex", mode: "read-only" },
    ask: (cmd) =>
      `CALL: exec_command ${JSON.stringify({ cmd, sandbox_permissions: "require_escalated", justification: "for the test" })}`,
    denied: "ends its turn",
    hears: false,
  },
  {
    name: "opencode acp",
    start: { provider: "acp", program: "opencode" },
    ask: (command) => `CALL: bash ${JSON.stringify({ command, description: "for the test" })}`,
    denied: "ends its turn",
    hears: false,
  },
];

/** Lines of agent.yaml with all of them, each in a home of its own that knows only the given model server; or what is missing. */
export async function configureAgents(
  dir: string,
  cwd: string,
  modelUrl: string,
): Promise<{ config: string } | { missing: string }> {
  const found = {
    claude: await findAgent("claude"),
    codex: await findAgent("codex"),
    opencode: await findAgent("opencode"),
    claudeAcp: await findAgent("claude-agent-acp"),
    codexAcp: await findAgent("codex-acp"),
  };
  for (const agent of Object.values(found)) if ("missing" in agent) return agent;
  const path = (agent: (typeof found)["claude"]) => ("path" in agent ? agent.path : "");
  const version = "version" in found.claude ? found.claude.version : "";
  const claude = makeClaudeHome(dir, cwd, modelUrl, version);
  const { PATH, CODEX_HOME, TMPDIR, FAKE_KEY } = makeCodexHome(dir, modelUrl, cwd);
  const opencode = writeRunner(dir, "opencode", [path(found.opencode)], makeOpencodeHome(dir, modelUrl));
  const node = process.execPath;
  const acp = {
    claude: writeRunner(dir, "claude-acp", [node, path(found.claudeAcp)], {
      ...claude,
      HOME: dir,
      CLAUDE_CODE_EXECUTABLE: path(found.claude),
    }),
    codex: writeRunner(dir, "codex-acp", [node, path(found.codexAcp)], {
      PATH,
      HOME: dir,
      CODEX_HOME,
      TMPDIR,
      FAKE_KEY,
      CODEX_PATH: path(found.codex),
    }),
  };
  const commands = { claude: [acp.claude], codex: [acp.codex], opencode: [opencode, "acp"] };
  return { config: `agents: ${JSON.stringify({ opencode, acp: commands })}\n` };
}

/** An executable that runs a program in an environment; gives back its path. */
function writeRunner(dir: string, name: string, argv: string[], env: NodeJS.ProcessEnv): string {
  const path = join(dir, name);
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const own = Object.entries(env).filter(([key, value]) => value !== process.env[key] && value !== undefined);
  const exports = own.map(([key, value]) => `export ${key}=${quote(value ?? "")}`);
  writeFileSync(path, ["#!/bin/sh", ...exports, `exec ${argv.map(quote).join(" ")} "$@"`, ""].join("\n"));
  chmodSync(path, 0o755);
  return path;
}
