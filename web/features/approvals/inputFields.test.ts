import { describe, expect, it } from "vitest";
import { AS_JSON, draftOf, fieldsOf, inputText, parseInput, readInput } from "./inputFields.ts";

describe("a tool's input in fields", () => {
  it("has the fields of its schema", () => {
    expect(fieldsOf("run_command")?.map(({ name, kind, optional }) => [name, kind, optional])).toEqual([
      ["argv", "words", false],
      ["cwd", "text", true],
      ["timeout_ms", "number", true],
      ["background", "flag", true],
      ["keep", "flag", true],
    ]);
    expect(fieldsOf("edit_file")?.map(({ name }) => name)).toEqual(["path", "old_text", "new_text"]);
    expect(fieldsOf("Bash")).toBeNull();
    expect(fieldsOf("constructor")).toBeNull();
  });

  it.each<[string, Record<string, unknown>]>([
    ["run_command", { argv: ["git", "commit", "-m", "two words"], timeout_ms: 500, background: false }],
    ["edit_file", { path: "a.ts", old_text: "a\nb", new_text: "" }],
    ["service_restart", { service: "relay" }],
    ["git_status", {}],
    ["Bash", { command: "ls", nested: { a: [1] } }],
  ])("%s comes back as it was", (tool, input) => {
    expect(readInput(tool, draftOf(tool, input))).toEqual({ ok: true, input });
  });

  it("leaves out what is optional and empty", () => {
    expect(readInput("run_command", { argv: "ls", cwd: "", timeout_ms: "", background: "" })).toEqual({
      ok: true,
      input: { argv: ["ls"] },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ["run_command", { argv: "echo 'x" }, "argv"],
    ["run_command", { argv: "" }, "argv"],
    ["run_command", { argv: "ls", timeout_ms: "soon" }, "timeout_ms"],
    ["run_command", { argv: "ls", timeout_ms: "999999999" }, "timeout_ms"],
    ["edit_file", { path: "", old_text: "a", new_text: "b" }, "path"],
    ["service_restart", { service: "no such; name" }, "service"],
    ["Bash", { [AS_JSON]: "[1]" }, AS_JSON],
    ["Bash", { [AS_JSON]: "{" }, AS_JSON],
  ])("%s with %o is refused", (tool, draft, field) => {
    const read = readInput(tool, draft);
    expect(read.ok).toBe(false);
    expect(read.ok ? {} : read.errors).toHaveProperty([field], expect.stringMatching(/./));
  });

  it("reads an input's JSON, and nothing else", () => {
    expect(parseInput('{"a":1}')).toEqual({ a: 1 });
    for (const text of ["", "null", "[]", '"x"', "{"]) expect(parseInput(text)).toBeNull();
  });

  it("is compared word by word", () => {
    expect(inputText({ argv: ["rm", "-rf", "a b"], cwd: "/x", background: true })).toBe(
      "argv:\n  rm\n  -rf\n  'a b'\ncwd: /x\nbackground: true",
    );
  });
});
