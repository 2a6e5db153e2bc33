import { describe, expect, it } from "vitest";
import { commandLine, execArguments, shellQuote } from "./command.ts";

describe("execArguments", () => {
  it("separates commands and keeps a semicolon that is meant", () => {
    expect(
      execArguments([
        ["send-keys", "-t", "%1", "a;", ";", "a\\;"],
        ["kill-pane", "-t", "%1"],
      ]),
    ).toEqual(["send-keys", "-t", "%1", "a\\;", "\\;", "a\\\\;", ";", "kill-pane", "-t", "%1"]);
  });
});

describe("commandLine", () => {
  it("is one line whatever the arguments hold", () => {
    const line = commandLine([
      ["set-option", "-p", "-t", "%1", "@x", 'it\'s #{a} ~ $HOME ; "b"\nnext'],
      ["list-panes", "-a"],
    ]);
    expect(line).toBe(
      `set-option -p -t '%1' '@x' 'it'"'"'s #{a} ~ $HOME ; "b"'"\\n"'next' ; list-panes -a\n`,
    );
    expect(line.indexOf("\n")).toBe(line.length - 1);
  });
});

describe("shellQuote", () => {
  it("quotes quotes", () => expect(shellQuote("it's $x")).toBe(`'it'\\''s $x'`));
});
