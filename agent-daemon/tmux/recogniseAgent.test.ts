import { describe, expect, it } from "vitest";
import { agentOfArgv, agentOfCommand, isInteractiveShell } from "./recogniseAgent.ts";

describe("agentOfCommand", () => {
  it.each([
    ["claude", "claude"],
    ["-zsh", undefined],
    ["vim", "other"],
    ["node", undefined],
    ["2.1.328", undefined],
  ])("%s", (command, agent) => expect(agentOfCommand(command)).toBe(agent));
});

describe("agentOfArgv", () => {
  it.each([
    [["node", "/usr/lib/node_modules/@openai/codex/bin/codex.js"], "codex"],
    [["/usr/bin/node", "--no-warnings", "/usr/bin/gemini", "-m", "x"], "gemini"],
    [["npx", "-y", "@anthropic-ai/claude-code@2.1"], "claude"],
    [["npm", "exec", "opencode-ai"], "opencode"],
    [["node", "/x/node_modules/.bin/claude"], "claude"],
    [["/root/.local/bin/claude", "--resume"], "claude"],
    [["sudo", "-E", "codex"], "codex"],
    [["vim", "codex"], null],
    [["node", "server.js", "codex"], null],
    [[], null],
  ])("%j", (argv, agent) => expect(agentOfArgv(argv)).toBe(agent));
});

describe("isInteractiveShell", () => {
  it.each([
    [["-bash"], true],
    [["/usr/bin/zsh", "-l"], true],
    [["bash", "--rcfile", "/etc/rc", "-i"], true],
    [["bash", "-o", "vi"], true],
    [["bash", "./deploy.sh"], false],
    [["sh", "-c", "sleep 1"], false],
    [["bash", "-lc", "make"], false],
    [["vim"], false],
    [[], false],
  ])("%j", (argv, interactive) => expect(isInteractiveShell(argv)).toBe(interactive));
});
