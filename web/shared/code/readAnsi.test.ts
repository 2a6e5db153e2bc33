import { describe, expect, it } from "vitest";
import { plainText, readAnsi } from "./readAnsi.ts";

const told = (text: string): string[] =>
  readAnsi(text).map(({ text, colour, bold, dim }) =>
    [text, colour, bold ? "bold" : null, dim ? "dim" : null].filter((each) => each !== null).join("|"),
  );

describe("what a program printed", () => {
  it.each<[string, string[]]>([
    ["plain", ["plain"]],
    ["\x1b[31mred\x1b[0m plain", ["red|red", " plain"]],
    ["\x1b[1;32mok\x1b[22m still\x1b[m", ["ok|green|bold", " still|green"]],
    ["\x1b[90mgrey\x1b[39m\x1b[2mdim", ["grey|grey", "dim|dim"]],
    ["\x1b[38;5;9mbright", ["bright|red"]],
    ["a\x1b[38;2;31;32;33mb", ["ab"]],
    ["a\x1b[2Kb\x1b[?25lc\x1b[10;20Hd", ["abcd"]],
    ["\x1b]8;;https://example.org\x07link\x1b]8;;\x1b\\ end", ["link end"]],
    ["\x1b]0;title that never ends", []],
    ["bell\x07 back\x08 nul\x00", ["bell back nul"]],
    ["a\r\nb\r\n", ["a\nb\n"]],
    ["10 %\r50 %\r100 %\ndone", ["100 %\ndone"]],
    ["tab\tstays", ["tab\tstays"]],
    ["cut \x1b[", ["cut "]],
    ["", []],
  ])("%j", (text, pieces) => {
    expect(told(text)).toEqual(pieces);
  });

  it("joins what looks the same", () => {
    expect(told("\x1b[31ma\x1b[31mb")).toEqual(["ab|red"]);
  });

  it("is read soon, however hostile", () => {
    const began = performance.now();
    plainText("\x1b[".repeat(50_000) + "\x1b]".repeat(50_000) + "\r".repeat(50_000));
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
