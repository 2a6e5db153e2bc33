import { expect, it } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { TOOLS } from "../../protocol/tools.ts";
import { parseCommands } from "./offlineCommands.ts";
import { splitWords } from "./splitWords.ts";

const session = newId("ses");
const command = newId("cmd");
const task = newId("tsk");
const call = (tool: string, input: unknown) => ({ kind: "call", tool, input });

const LINES: [line: string, command: unknown][] = [
  ["run git status", call("run_command", { argv: ["git", "status"] })],
  [
    "RUN echo 'a b' \"c \\\" d\" e\\ f ''",
    call("run_command", { argv: ["echo", "a b", 'c " d', "e f", ""] }),
  ],
  ["run echo $HOME `x` | cat", call("run_command", { argv: ["echo", "$HOME", "`x`", "|", "cat"] })],
  ["background sleep 5", call("run_command", { argv: ["sleep", "5"], background: true })],
  [`output ${command}`, call("command_output", { command })],
  [`stop ${command}`, call("command_stop", { command })],
  ["spawn say one; then say two", call("spawn_subagent", { prompt: "say one\nthen say two" })],
  ["subagents", call("subagent_status", {})],
  [`subagents ${task}`, call("subagent_status", { id: task })],
  [`result ${task}`, call("subagent_result", { id: task })],
  [`cancel ${task}`, call("cancel_subagent", { id: task })],
  ["read a file.txt", call("read_file", { path: "a file.txt" })],
  ["read src/a.ts 10-20", call("read_file", { path: "src/a.ts", from_line: 10, lines: 11 })],
  ["write a.txt :: one\\ntwo \\\\n", call("write_file", { path: "a.txt", text: "one\ntwo \\n" })],
  ["write a.txt ::", call("write_file", { path: "a.txt", text: "" })],
  ["edit a.txt :: old => new", call("edit_file", { path: "a.txt", old_text: "old", new_text: "new" })],
  ["edit a.txt :: old =>", call("edit_file", { path: "a.txt", old_text: "old", new_text: "" })],
  ["list", call("list_files", {})],
  ["list src", call("list_files", { path: "src" })],
  ["search \\bfoo in bar", call("search_files", { pattern: "\\bfoo", path: "bar" })],
  ["search in", call("search_files", { pattern: "in" })],
  ["git status", call("git_status", {})],
  ["git diff", call("git_diff", {})],
  ["git diff src/a.ts", call("git_diff", { path: "src/a.ts" })],
  ["ask Which one? [red| green |]", call("ask_user", { question: "Which one?", options: ["red", "green"] })],
  ["ask Why?", call("ask_user", { question: "Why?" })],
  ["hop my laptop /home/me/x", call("hop", { host: "my laptop", workspace: "/home/me/x" })],
  ["service status web", call("service_status", { service: "web" })],
  ["service jobs web", call("service_jobs", { service: "web" })],
  ["service restart web", call("service_restart", { service: "web" })],
  [`pane ${session}`, call("read_pane", { session })],
  [`session ${session}`, call("read_session", { session })],
  [`type ${session} :: ls -l`, call("type_into_pane", { session, text: "ls -l", enter: true })],
  ["access /etc/hosts", call("request_read_access", { path: "/etc/hosts" })],
  [
    "access /etc/hosts to see names",
    call("request_read_access", { path: "/etc/hosts", why: "to see names" }),
  ],
];

const OTHERS: [line: string, command: unknown][] = [
  ["call nonsense {", { kind: "raw", tool: "nonsense", json: "{" }],
  ["call git_status", { kind: "raw", tool: "git_status", json: "{}" }],
  ["loop true", { kind: "loop", argv: ["true"] }],
  ["say hello  there", { kind: "say", text: "hello  there" }],
  ["think hm", { kind: "think", text: "hm" }],
  ["slow 3", { kind: "slow", chunks: 3 }],
  ["long 20", { kind: "long", words: 20 }],
  ["fail 429", { kind: "fail", how: 429, times: 1 }],
  ["fail break 2", { kind: "fail", how: "break", times: 2 }],
  ["summarise", { kind: "summarize" }],
  ["help", { kind: "help" }],
];

const UNREADABLE = [
  "hello",
  "constructor",
  "__proto__ x",
  "run",
  "run echo 'open",
  "read",
  "write a.txt hello",
  "edit a.txt :: old",
  "edit a.txt :: => new",
  "git push",
  "service stop web",
  "hop laptop relative",
  "access relative",
  "type somebody hello",
  "slow soon",
  "slow 0",
  "long -1",
  "fail 42",
];

it.each([...LINES, ...OTHERS])("reads “%s”", (line, read) => {
  expect(parseCommands(line)).toEqual([[read]]);
});

it.each(UNREADABLE)("says why it cannot read “%s”", (line) => {
  expect(parseCommands(line)).toEqual([[{ kind: "unknown", line, why: expect.stringMatching(/\w+/) }]]);
});

it("can call every tool, with input that its schema takes", () => {
  const called = new Set<string>();
  for (const [line] of LINES) {
    for (const read of parseCommands(line).flat()) {
      if (read.kind !== "call") continue;
      called.add(read.tool);
      expect(TOOLS[read.tool].input.safeParse(read.input).error, line).toBeUndefined();
    }
  }
  expect([...called].sort()).toEqual(Object.keys(TOOLS).sort());
});

it("puts lines together until one says “then”", () => {
  const steps = parseCommands("run a\n\n  run b\nthen run c\nrun d\nThen: say e\nthen");
  expect(steps.map((step) => step.map((command) => command.kind))).toEqual([
    ["call", "call"],
    ["call", "call"],
    ["say", "unknown"],
  ]);
  expect(parseCommands("then run a")).toHaveLength(1);
  expect(parseCommands(" \n ")).toEqual([]);
});

it.each([
  ["", []],
  ["  a   b ", ["a", "b"]],
  ["'a'b\"c\"", ["abc"]],
  ["'\\n'", ["\\n"]],
  ['"\\n \\$"', ["\\n $"]],
  ["a\\", ["a"]],
  ['"a\'b"', ["a'b"]],
  ["'a", null],
  ['"a\\"', null],
])("splits %s as a shell would", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});
