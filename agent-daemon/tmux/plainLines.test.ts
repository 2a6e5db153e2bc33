import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_LINE_CHARS, plainLines, plainLinesInSlices } from "./plainLines.ts";

describe("plainLines", () => {
  it.each([
    ["a\r\nb\r\n", ["a", "b"]],
    ["\x1b[1;31mred\x1b[0m text\x1b[K\r\n", ["red text"]],
    ["10%\r50%\r100%\r\n", ["100%"]],
    ["abcdef\rXY\r\n", ["XYcdef"]],
    ["abc\b\b\x1b[KX\r\n", ["aX"]],
    ["a\tb\r\n", ["a       b"]],
    ["\x1b]0;a title\x07prompt$ \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\r\n", ["prompt$ link"]],
    ["\x1bkbash\x1b\\$ ls\r\n", ["$ ls"]],
    ["\x1bPtmux;junk\x1b\\x\r\n", ["x"]],
    ["before\r\n\x1b[?1049hSCREEN\r\nmore\x1b[?1049lafter\r\n", ["before", "after"]],
    ["abc\x1b[2D\x1b[Pz\x1b[10Gj\r\n", ["az       j"]],
    ["a\x1b[@b\x1b[5C\x1b[1K|\r\n", ["       |"]],
    ["no end", ["no end"]],
    ["cut \x1b[3", ["cut"]],
    ["hällo 😀 世界\r\n", ["hällo 😀 世界"]],
    ["text\x1b[H\x1b[2Jnew\r\n", ["text", "new"]],
    ["\r\n\r\n", ["", ""]],
  ])("%j", (output, lines) => expect(plainLines(output)).toEqual(lines));

  it("goes on from where the screen was", () => {
    const start = { lines: ["old"], current: "$ ec", column: 4, alternate: false };
    expect(plainLines("ho hi\r\nhi\r\n$ ", start)).toEqual(["old", "$ echo hi", "hi", "$"]);
    expect(plainLines("X\x1b[?1049ly", { ...start, alternate: true })).toEqual(["old", "$ ecy"]);
  });

  it("breaks endless lines and never throws", () => {
    const lines = plainLines("x".repeat(10 * MAX_LINE_CHARS + 5));
    expect(lines).toHaveLength(11);
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            "\x1b",
            "[",
            "?",
            "1049",
            "9999999999",
            "h",
            "C",
            "@",
            "G",
            "K",
            ";",
            "a",
            "\r",
            "\n",
            "\t",
            "\x07",
            "]",
            "\\",
            "P",
            "世",
          ),
        ),
        (pieces) => {
          for (const line of plainLines(pieces.join("")))
            expect(line.length).toBeLessThanOrEqual(MAX_LINE_CHARS);
        },
      ),
    );
  });

  it("does not grow by characters that are put in", () => {
    const lines = plainLines(`${"\x1b[4096@".repeat(290_000)}end`);
    expect(lines.every((line) => line.length <= MAX_LINE_CHARS)).toBe(true);
  });

  it.each([
    ["a colour for each character", "\x1b[31mx\x1b[32my".repeat(170_000)],
    ["one long line written over and over", `${"x".repeat(4_000)}${"\x1b[1Gy\x1b[9Cz".repeat(150_000)}`],
  ])("holds up nobody: %s", async (_name, output) => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const lines = await plainLinesInSlices(output);
    longest = Math.max(longest, performance.now() - last);
    clearInterval(timer);
    expect(lines.length).toBeGreaterThan(0);
    expect(longest).toBeLessThan(250);
  });
});
