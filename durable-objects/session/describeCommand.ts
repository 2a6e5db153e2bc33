import type { Command } from "../../protocol/commands.ts";
import { summarizeCall } from "../../protocol/tools.ts";
import { redact } from "../../protocol/redact.ts";

const MOST = 500;

/** What a command does, in words for the log; secrets are removed and long text is cut with a mark. */
export function describeCommand(command: Command): string {
  const text = inWords(command);
  return text.length > MOST ? `${text.slice(0, MOST)}… (${text.length - MOST} characters more)` : text;
}

function inWords(command: Command): string {
  switch (command.type) {
    case "send_input":
      return redact(command.text) + (command.enter ? " ⏎" : "");
    case "paste":
      return redact(command.text) + (command.enter ? " ⏎" : "");
    case "send_keys":
      return command.keys.join(" ");
    case "resize":
      return `${command.cols}×${command.rows}`;
    case "search":
      return command.pattern;
    case "spawn":
      return redact(command.argv?.join(" ") ?? command.agent ?? "shell") + ` in ${command.cwd}`;
    case "adopt":
      return `${command.socket} ${command.pane}`;
    case "rename":
      return command.title;
    case "codex_start":
      return redact(command.prompt);
    case "kill":
      return command.force ? "even if work is lost" : "";
    case "agent_start":
      return redact(command.prompt ?? `${command.program ?? command.agent} in ${command.cwd}`);
    case "agent_prompt":
      return redact(command.text);
    case "set_mode":
      return command.mode;
    case "tool":
      return redact(summarizeCall(command.tool, command.input));
    case "set_model":
      return command.model;
    case "hop":
      return `${command.host} ${command.workspace}`;
    case "decide":
      return `${command.allow ? "allow" : "deny"} ${command.request}`;
    case "answer":
      return redact(command.text);
    case "stop_background":
      return command.command ?? "all";
    case "remove_worktree":
      return command.snapshot ? "after a snapshot" : "";
    case "cancel_turn":
    case "compact":
    case "interrupt":
    case "snapshot":
    case "codex_stop":
      return "";
  }
}
