import type { ToolName } from "../../protocol/tools.ts";
import { splitWords } from "./splitWords.ts";

/** What one line of a message asks of the offline model. */
export type OfflineCommand =
  | { kind: "call"; tool: ToolName; input: Record<string, unknown> }
  /** A call as it stands, whether its tool and its input exist or not. */
  | { kind: "raw"; tool: string; json: string }
  /** The same call again and again, step after step. */
  | { kind: "loop"; argv: string[] }
  | { kind: "say"; text: string }
  | { kind: "think"; text: string }
  | { kind: "slow"; chunks: number }
  | { kind: "long"; words: number }
  | { kind: "fail"; how: number | "break" | "hang" | "full"; times: number }
  /** How summaries of this conversation are made from now on; they read it themselves. */
  | { kind: "summaries" }
  | { kind: "summarize" }
  | { kind: "help" }
  | { kind: "unknown"; line: string; why: string };

/** Steps that follow each other; the commands of one belong together, and its calls are made at once. */
export type OfflineStep = OfflineCommand[];

/** What the language is, for the person. */
export const OFFLINE_HELP = [
  "run <program> <arguments>: run a program (quotes as in a shell, but no shell)",
  "background <program> <arguments>: run it without waiting for its end · output <id> · stop <id>",
  "read <path> [10-20] · list [path] · search <pattern> [in <path>]",
  "write <path> :: <text> · edit <path> :: <old> => <new> (\\n is a new line)",
  "git status · git diff [path]",
  "ask <question> [yes|no|later]",
  "hop <host> </workspace> · access </path> [why]",
  "service status|jobs|restart <name>",
  "pane <session> · type <session> :: <text> · session <session>",
  "spawn <prompt> (; is a new line) · subagents [id] · result <id> · cancel <id>: work for subagents",
  "say <text> · think <text> · slow <n> · long <n> · summarize",
  "loop <program> <arguments> · fail <status|break|hang|full> [times] · call <tool> <json>",
  "summaries slow <n> · summaries fail <status>: how the conversation is shortened, once it is long",
  "Lines are done together; a line that begins with “then” waits for the ones before it.",
] as const;

const MOST_WORDS = 100_000;

/** Reads a message as steps of commands. It never fails: what it cannot read is a command `unknown` that says why. */
export function parseCommands(text: string): OfflineStep[] {
  const steps: OfflineStep[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "") continue;
    const [, rest] = /^then(?:[:,]?\s+)(.*)$/i.exec(line) ?? [];
    if (rest !== undefined || steps.length === 0) steps.push([]);
    steps.at(-1)?.push(parseCommand(rest ?? line));
  }
  return steps;
}

function parseCommand(line: string): OfflineCommand {
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const read = Object.hasOwn(COMMANDS, word.toLowerCase()) ? COMMANDS[word.toLowerCase()] : undefined;
  if (read === undefined) return { kind: "unknown", line, why: "it begins with no command that I know" };
  const command = read(rest);
  return typeof command === "string" ? { kind: "unknown", line, why: command } : command;
}

/** Each reads what follows its word; a string says why it cannot. */
const COMMANDS: Record<string, (rest: string) => OfflineCommand | string> = {
  run: (rest) => withArgv(rest, (argv) => call("run_command", { argv })),
  background: (rest) => withArgv(rest, (argv) => call("run_command", { argv, background: true })),
  output: (rest) => (rest === "" ? "it names no command" : call("command_output", { command: rest })),
  stop: (rest) => (rest === "" ? "it names no command" : call("command_stop", { command: rest })),
  loop: (rest) => withArgv(rest, (argv) => ({ kind: "loop", argv })),
  read: (rest) => {
    const [, path = rest, from, to] = /^(.*\S)\s+(\d+)-(\d+)$/.exec(rest) ?? [];
    if (path === "") return "it names no path";
    if (from === undefined || to === undefined) return call("read_file", { path });
    return call("read_file", { path, from_line: Number(from), lines: Number(to) - Number(from) + 1 });
  },
  write: (rest) => {
    const [path, text] = halves(rest, " ::");
    if (text === null || path === "") return "it wants a path, two colons and the text";
    return call("write_file", { path, text: unescape(text) });
  },
  edit: (rest) => {
    const [path, change] = halves(rest, " ::");
    const [before, after] = halves(change ?? "", "=>");
    if (path === "" || after === null || before === "")
      return "it wants a path, two colons, the old text, => and the new";
    return call("edit_file", { path, old_text: unescape(before), new_text: unescape(after) });
  },
  list: (rest) => call("list_files", rest === "" ? {} : { path: rest }),
  search: (rest) => {
    const [, pattern = rest, path] = /^(.*\S)\s+in\s+(\S+)$/.exec(rest) ?? [];
    if (pattern === "") return "it names no pattern";
    return call("search_files", path === undefined ? { pattern } : { pattern, path });
  },
  git: (rest) => {
    const [what, path] = halves(rest, " ");
    if (what === "status") return call("git_status", {});
    if (what === "diff") return call("git_diff", path === null ? {} : { path });
    return "it is git status or git diff [path]; anything else is a program to run";
  },
  ask: (rest) => {
    const [, question = rest, list] = /^(.*\S)\s*\[([^\]]*)\]$/.exec(rest) ?? [];
    if (question === "") return "it asks nothing";
    const options = list
      ?.split("|")
      .map((option) => option.trim())
      .filter((option) => option !== "");
    return call("ask_user", options === undefined ? { question } : { question, options });
  },
  hop: (rest) => {
    const [, host, workspace] = /^(.*\S)\s+(\/.*)$/.exec(rest) ?? [];
    if (host === undefined || workspace === undefined)
      return "it wants a host and a directory that begins with /";
    return call("hop", { host, workspace });
  },
  service: (rest) => {
    const [, what, service] = /^(status|jobs|restart)\s+(\S+)$/.exec(rest) ?? [];
    if (service === undefined) return "it is service status, jobs or restart, and a name";
    if (what === "restart") return call("service_restart", { service });
    return call(what === "jobs" ? "service_jobs" : "service_status", { service });
  },
  pane: (rest) => (rest === "" ? "it names no session" : call("read_pane", { session: rest })),
  session: (rest) => (rest === "" ? "it names no session" : call("read_session", { session: rest })),
  type: (rest) => {
    const [session, text] = halves(rest, " ::");
    if (text === null || session === "") return "it wants a session, two colons and the text";
    return call("type_into_pane", { session, text, enter: true });
  },
  access: (rest) => {
    const [path, why] = halves(rest, " ");
    if (!path.startsWith("/")) return "it wants a path that begins with /";
    return call("request_read_access", why === null ? { path } : { path, why });
  },
  spawn: (rest) =>
    rest === ""
      ? "it says nothing to do"
      : call("spawn_subagent", { prompt: rest.replaceAll(/\s*;\s*/g, "\n") }),
  subagents: (rest) => call("subagent_status", rest === "" ? {} : { id: rest }),
  result: (rest) => (rest === "" ? "it names no subagent" : call("subagent_result", { id: rest })),
  cancel: (rest) => (rest === "" ? "it names no subagent" : call("cancel_subagent", { id: rest })),
  call: (rest) => {
    const [tool, json] = halves(rest, " ");
    return tool === "" ? "it names no tool" : { kind: "raw", tool, json: json ?? "{}" };
  },
  say: (text) => ({ kind: "say", text }),
  think: (text) => ({ kind: "think", text }),
  slow: (rest) => withNumber(rest, (chunks) => ({ kind: "slow", chunks })),
  long: (rest) => withNumber(rest, (words) => ({ kind: "long", words })),
  fail: (rest) => {
    const [, what, times = "1"] = /^(\d{3}|break|hang|full)(?:\s+(\d{1,3}))?$/.exec(rest) ?? [];
    if (what === undefined) return "it wants a status such as 429, or break, hang or full";
    return {
      kind: "fail",
      how: what === "break" || what === "hang" || what === "full" ? what : Number(what),
      times: Number(times),
    };
  },
  summaries: (rest) => {
    if (!/^(?:slow|fail) \d{1,3}$/.test(rest)) return "it is summaries slow or summaries fail, and a number";
    return { kind: "summaries" };
  },
  summarize: () => ({ kind: "summarize" }),
  summarise: () => ({ kind: "summarize" }),
  help: () => ({ kind: "help" }),
};

function call(tool: ToolName, input: Record<string, unknown>): OfflineCommand {
  return { kind: "call", tool, input };
}

function withArgv(rest: string, command: (argv: string[]) => OfflineCommand): OfflineCommand | string {
  const argv = splitWords(rest);
  if (argv === null) return "a quote in it is not closed";
  return argv.length === 0 ? "it names no program" : command(argv);
}

function withNumber(rest: string, command: (n: number) => OfflineCommand): OfflineCommand | string {
  if (!/^\d{1,6}$/.test(rest) || Number(rest) === 0) return "it wants a number";
  return command(Math.min(Number(rest), MOST_WORDS));
}

/** What stands before and after the first mark; the second is null without one. */
function halves(text: string, mark: string): [string, string | null] {
  const at = text.indexOf(mark);
  if (at < 0) return [text.trim(), null];
  return [text.slice(0, at).trim(), text.slice(at + mark.length).trim()];
}

function unescape(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, character: string) => ({ n: "\n", t: "\t" })[character] ?? "\\");
}
