import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArgv, shellSigns } from "./parseArgv.ts";

describe("a command line", () => {
  it.each([
    ["npm test", ["npm", "test"]],
    ["  npm\t run  dev ", ["npm", "run", "dev"]],
    [`git commit -m "a b" 'c "d'`, ["git", "commit", "-m", "a b", 'c "d']],
    [`a\\ b`, ["a b"]],
    [`--x="1 2"`, ["--x=1 2"]],
    [`"a\\"b\\\\c\\n"`, [`a"b\\c\\n`]],
    [`'' ""`, ["", ""]],
    ["echo $HOME | wc", ["echo", "$HOME", "|", "wc"]],
    ["žluť 'kůň 🐎'", ["žluť", "kůň 🐎"]],
  ])("%j", (line, argv) => {
    expect(parseArgv(line)).toEqual({ ok: true, argv });
  });

  it.each([
    ["", "Type a command."],
    ["   ", "Type a command."],
    ["echo 'x", "A ' is not closed."],
    [`echo "x`, 'A " is not closed.'],
    [`echo "x\\`, 'A " is not closed.'],
    ["echo x\\", "A backslash at the end holds nothing."],
  ])("%j is refused", (line, message) => {
    expect(parseArgv(line)).toEqual({ ok: false, message });
  });

  it("gives back any words that were quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (words) => {
        const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
        expect(parseArgv(line)).toEqual({ ok: true, argv: words });
      }),
    );
  });

  it("knows what only a shell would understand", () => {
    expect(shellSigns(["echo", "$HOME"])).toBe("$HOME");
    expect(shellSigns(["a", "|", "b"])).toBe("|");
    expect(shellSigns(["npm", "run", "a&&b", "x>y"])).toBeNull();
  });
});
