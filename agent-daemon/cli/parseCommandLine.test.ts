import { describe, test } from "vitest";
import { COMMANDS } from "./commandTable.ts";
import { parseCommandLine } from "./parseCommandLine.ts";

const parse = (line: string) => parseCommandLine(line.split(" ").filter(Boolean), "1.2.3");
const TARGET = { url: null, tokenFile: null };

describe("a command line", () => {
  test.for([
    ["up", { command: "up", args: { detach: false, port: null } }],
    ["up -d --port 9000", { command: "up", args: { detach: true, port: 9000 } }],
    ["down", { command: "down", args: {} }],
    ["restart -p 80", { command: "restart", args: { port: 80 } }],
    ["status --json", { command: "status", args: { json: true, config: null } }],
    [
      "connect",
      { command: "connect", args: { url: null, code: null, name: null, service: false, config: null } },
    ],
    [
      "connect https://box.example.com/hosts?x=1 --code abc --name n --service --config /c.yaml",
      {
        command: "connect",
        args: { url: "https://box.example.com", code: "abc", name: "n", service: true, config: "/c.yaml" },
      },
    ],
    [
      "sessions fix tests --status waiting,trouble --provider codex -a --running --host hst_1",
      {
        command: "sessions",
        args: {
          ...TARGET,
          json: false,
          host: "hst_1",
          status: ["waiting", "trouble"],
          provider: ["codex"],
          attention: true,
          ended: false,
          text: "fix tests",
        },
      },
    ],
    ["attach abc --fit", { command: "attach", args: { ...TARGET, session: "abc", fit: true } }],
    [
      "send abc run the -- --tests",
      { command: "send", args: { ...TARGET, session: "abc", text: "run the --tests", json: false } },
    ],
    [
      "send abc - --url http://h:1 --token-file /t",
      {
        command: "send",
        args: { url: "http://h:1", tokenFile: "/t", session: "abc", text: "-", json: false },
      },
    ],
    ["doctor", { command: "doctor", args: { json: false, config: null } }],
  ] as const)("%s", ([line, invocation], { expect }) => {
    expect(parse(line)).toEqual({ kind: "run", invocation });
  });

  test.for([
    ["fly", /^There is no command fly\. `signalbox --help` lists them\.$/],
    ["sess", /^There is no command sess\. Did you mean sessions\?/],
    ["constructor", /^There is no command constructor\./],
    ["__proto__", /^There is no command __proto__\./],
    ["up --fast", /^Unknown option '--fast'\. `signalbox up --help` says more\.$/],
    ["up now", /^There is a word too many \(now\): signalbox up/],
    ["up --port", /--port/],
    ["up --port 0", /^0 is not a port/],
    ["up --port 70000", /^70000 is not a port/],
    ["up --port 8e3", /^8e3 is not a port/],
    ["up --detach=yes", /detach/],
    ["connect box", /^box is not an address/],
    ["connect file:///x", /is not an address/],
    ["connect --code=", /^--code is empty\.$/],
    ["attach", /^Something is missing: signalbox attach SESSION/],
    ["send abc", /^Something is missing: signalbox send/],
    ["sessions --status sleepy", /^--status knows starting, working, .*; not sleepy\.$/],
    ["sessions --ended --running", /exclude each other/],
  ] as const)("that cannot be meant: %s", ([line, says], { expect }) => {
    expect(parse(line)).toEqual({ kind: "problem", text: expect.stringMatching(says), exitCode: 2 });
  });

  test("asks for help or the version", ({ expect }) => {
    const overview = parse("");
    expect(overview).toEqual({
      kind: "print",
      text: expect.stringContaining("Usage: signalbox COMMAND"),
      exitCode: 0,
    });
    expect([parse("--help"), parse("-h"), parse("help")]).toEqual([overview, overview, overview]);
    expect([parse("--version"), parse("version")].map((each) => each.kind === "print" && each.text)).toEqual([
      "signalbox 1.2.3",
      "signalbox 1.2.3",
    ]);
    for (const name of Object.keys(COMMANDS)) {
      const help = parse(`${name} --help`);
      expect(help).toEqual({
        kind: "print",
        text: expect.stringMatching(new RegExp(`^Usage: signalbox ${name}`)),
        exitCode: 0,
      });
      expect(parse(`help ${name}`)).toEqual(help);
    }
  });
});

test("workflows: what it is to do, with what", ({ expect }) => {
  const read = (...words: string[]) => parseCommandLine(["workflows", ...words], "1");
  expect(read()).toMatchObject({ invocation: { args: { action: "list", what: null } } });
  expect(read("run", "multi-review", "-a", '{"target":"src"}', "--budget", "10_000")).toMatchObject({
    invocation: { args: { action: "run", what: "multi-review", args: { target: "src" }, budget: 10_000 } },
  });
  expect(read("run", "deep-research", "-a", "why so?")).toMatchObject({
    invocation: { args: { args: "why so?" } },
  });
  expect(read("run")).toMatchObject({ kind: "problem" });
  expect(read("jump")).toMatchObject({ kind: "problem" });
  expect(read("run", "x", "--budget", "much")).toMatchObject({ kind: "problem" });
});

test("tasks: what it is to do, with what", ({ expect }) => {
  const read = (...words: string[]) => parseCommandLine(["tasks", ...words], "1");
  expect(read()).toMatchObject({ invocation: { args: { action: "list", status: [] } } });
  expect(read("--status", "dead,failed")).toMatchObject({
    invocation: { args: { status: ["dead", "failed"] } },
  });
  expect(read("add", "look", "for dead links", "--provider", "codex", "--cwd", "docs")).toMatchObject({
    invocation: { args: { action: "add", text: "look for dead links", agent: "codex", cwd: "docs" } },
  });
  expect(
    read("add", "look", "--agent", "acp:gemini", "--mode", "plan", "--effort", "max", "--worktree", "b"),
  ).toMatchObject({
    invocation: { args: { agent: "acp:gemini", mode: "plan", effort: "max", worktree: "b" } },
  });
  expect(read("add", "look", "--agent", "gopher")).toMatchObject({ kind: "problem" });
  expect(read("cancel", "abcd12")).toMatchObject({
    invocation: { args: { action: "cancel", text: "abcd12" } },
  });
  for (const wrong of [["add"], ["show"], ["jump"], ["add", "x", "--provider", "nobody"]])
    expect(read(...wrong)).toMatchObject({ kind: "problem" });
});
