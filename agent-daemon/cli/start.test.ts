import { expect, it } from "vitest";
import type { Template } from "../../protocol/templates.ts";
import { newId } from "../../protocol/ids.ts";
import { hostOf } from "./testing/hostOf.ts";
import { startFields, startRequest } from "./commands/start.ts";
import type { StartArgs } from "./invocation.ts";
import { parseCommandLine } from "./parseCommandLine.ts";

const host = hostOf(newId("hst"), "desk", "desk.local");
function args(...words: string[]): StartArgs {
  const line = parseCommandLine(["start", ...words], "0");
  if (line.kind !== "run" || line.invocation.command !== "start") throw new Error(JSON.stringify(line));
  return line.invocation.args;
}
const template = (fields: Template["fields"]): Template => ({
  name: "t",
  fields,
  updated_at: 0,
  updated_by: "owner",
});
const request = (given: StartArgs, from: Template | null = null) =>
  startRequest({
    fields: startFields(given, from),
    resume: given.resume,
    host,
    here: "desk.local",
    cwd: "/here",
  });

it("starts an agent with everything that was said", () => {
  const options = "--cwd /work --model opus --mode plan --worktree fix/x --base main --title T";
  const given = args("claude", ...options.split(" "), "fix", "the parser");
  expect(request(given)).toEqual({
    provider: "tmux",
    host: host.id,
    cwd: "/work",
    title: "T",
    agent: "claude",
    prompt: "fix the parser",
    model: "opus",
    mode: "plan",
    worktree: { branch: "fix/x", base: "main" },
  });
});

it("works in this directory on this machine, and asks for one on another", () => {
  expect(request(args("shell"))).toEqual({ provider: "tmux", host: host.id, cwd: "/here" });
  const elsewhere = { fields: { kind: "shell" as const }, resume: null, host, here: "lap", cwd: "/here" };
  expect(() => startRequest(elsewhere)).toThrow("Say in which directory of desk, by --cwd.");
});

it("takes a template, and what is said over it", () => {
  const saved = template({
    kind: "agent",
    agent: "codex",
    cwd: "/work",
    model: "m",
    mode: "read-only",
    worktree: true,
  });
  expect(() => request(args("-t", "t"), saved)).toThrow("Name its branch, by --worktree.");
  expect(request(args("-t", "t", "--worktree", "b", "--model", "n", "look around"), saved)).toMatchObject({
    agent: "codex",
    prompt: "look around",
    model: "n",
    mode: "read-only",
    worktree: { branch: "b" },
  });
  expect(request(args("-t", "t"), template({ kind: "command", argv: ["npm", "run", "dev"] }))).toMatchObject({
    provider: "tmux",
    argv: ["npm", "run", "dev"],
  });
});

it("knows agents without a terminal, jobs, and conversations to go on with", () => {
  expect(request(args("codex", "--headless", "hi"))).toMatchObject({
    provider: "codex",
    interactive: true,
    prompt: "hi",
  });
  expect(request(args("job", "--mode", "read-only", "hi"))).toMatchObject({
    provider: "codex",
    sandbox: "read-only",
  });
  expect(request(args("claude", "--resume", "0b51"))).toMatchObject({ provider: "tmux", resume: "0b51" });
  expect(() => request(args("job"))).toThrow("That cannot be started");
  expect(() => request(args("claude", "--resume=-x"))).toThrow("not the id of a conversation");
});

it("says what can be started when it is not said", () => {
  expect(parseCommandLine(["start", "emacs"], "0")).toMatchObject({ kind: "problem" });
});
