import { describe, expect, it } from "vitest";
import { CallState } from "../../../protocol/events.ts";
import { TOOLS } from "../../../protocol/tools.ts";
import { callTitle, callWords, headSaysAll, opensItself } from "./callWords.ts";

const of = (state: CallState, approval: string | null = null) => ({ state, approval });

describe("where a call stands", () => {
  it("has a word for each state, and waiting for permission is never an error", () => {
    const all = CallState.options.map((state) => callWords(of(state), null, null));
    expect(new Set(all.map(({ word }) => word)).size).toBe(CallState.options.length);
    expect(callWords(of("waiting"), null, null)).toEqual({ word: "Needs permission", sign: "waiting" });
  });

  it("says at once what was decided, and for whom it waits", () => {
    expect(callWords(of("waiting", "a"), { status: "allowed" }, null).word).toBe("Allowed, starting");
    expect(callWords(of("waiting", "a"), { status: "denied" }, null).word).toBe("Denied");
    expect(callWords(of("proposed", "a"), null, null).word).toBe("Allowed, starting");
    expect(callWords(of("dispatched"), null, "garage")).toEqual({
      word: "Waits for garage",
      sign: "proposed",
    });
    expect(callWords(of("completed"), null, "garage").word).toBe("Done");
  });
});

describe("a call in a line", () => {
  it.each<[string, Record<string, unknown> | null, string]>([
    ["run_command", { argv: ["git", "commit", "-m", "two words"] }, "| git commit -m 'two words'"],
    ["read_file", { path: "src/a.ts", from_line: 3 }, "Read | src/a.ts"],
    ["search_files", { pattern: "x+", path: "src" }, "Search for | x+"],
    ["list_files", {}, "List | ."],
    ["git_status", {}, "git status |"],
    ["hop", { host: "studio", workspace: "/w" }, "Go to | studio /w"],
    ["service_restart", { service: "relay" }, "Restart | relay"],
    ["Bash", { command: "ls" }, "Bash |"],
    ["run_command", null, "|"],
    ["toString", {}, "toString |"],
  ])("%s %o", (tool, input, line) => {
    const { verb, what } = callTitle(tool, input);
    expect(`${verb} | ${what}`.trim()).toBe(line);
  });

  it("has words for every tool", () => {
    for (const tool of Object.keys(TOOLS))
      if (tool !== "run_command") expect(callTitle(tool, {}).verb).not.toBe(tool);
  });
});

it("opens by itself what waits and what went wrong", () => {
  expect(opensItself({ tool: "read_file", state: "waiting" })).toBe(true);
  expect(opensItself({ tool: "read_file", state: "failed" })).toBe(true);
  expect(opensItself({ tool: "read_file", state: "completed" })).toBe(false);
  expect(opensItself({ tool: "run_command", state: "completed" })).toBe(true);
});

it("shows an input below its head unless the head says it all, and always while it waits", () => {
  expect(headSaysAll("completed", { argv: ["git", "status"] }, "git status")).toBe(true);
  expect(headSaysAll("completed", {}, "")).toBe(true);
  expect(headSaysAll("waiting", { argv: ["git", "status"] }, "git status")).toBe(false);
  expect(headSaysAll("completed", { argv: ["x"], cwd: "/y" }, "x")).toBe(false);
  expect(headSaysAll("completed", { argv: ["x"] }, "x".repeat(61))).toBe(false);
  expect(headSaysAll("completed", null, "")).toBe(false);
});
