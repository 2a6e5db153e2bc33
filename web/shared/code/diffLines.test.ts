import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffLines, hunks, type DiffLine } from "./diffLines.ts";

const signs = (diff: DiffLine[]): string[] =>
  diff.map(({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`);
const side = (diff: DiffLine[], without: DiffLine["kind"]): string =>
  diff
    .filter(({ kind }) => kind !== without)
    .map(({ text }) => text)
    .join("\n");

describe("a difference", () => {
  it.each<[string, string, string[]]>([
    ["a\nb\nc", "a\nx\nc", [" a", "-b", "+x", " c"]],
    ["a\nb", "a\nb", [" a", " b"]],
    ["", "a\nb", ["+a", "+b"]],
    ["a\nb", "", ["-a", "-b"]],
    ["a\nb\nc\nd", "b\nd\ne", ["-a", " b", "-c", " d", "+e"]],
    ["a", "a\n", [" a", "+"]],
  ])("of %j and %j", (before, after, expected) => {
    expect(signs(diffLines(before, after))).toEqual(expected);
  });

  it("holds both texts, whatever they are", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "", "longer"), { maxLength: 14 })
      .map((each) => each.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = diffLines(before, after);
        expect(side(diff, "added")).toBe(before);
        expect(side(diff, "removed")).toBe(after);
      }),
    );
  });

  it("of huge texts is told whole, and soon", () => {
    const huge = (sign: string): string => Array.from({ length: 5_000 }, (_, i) => `${sign}${i}`).join("\n");
    expect(diffLines(huge("a"), huge("b"))).toHaveLength(10_000);
  });
});

it("leaves out what is far from any difference, and says how much", () => {
  const before = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const after = before.with(10, "other").with(25, "another");
  const shown = hunks(diffLines(before.join("\n"), after.join("\n")), 2);
  expect(shown.hunks.map(({ skipped, lines }) => [skipped, lines.length])).toEqual([
    [8, 6],
    [10, 6],
  ]);
  expect(shown.skippedAfter).toBe(2);
});
