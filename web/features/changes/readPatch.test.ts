import { describe, expect, test } from "vitest";
import { readPatch, withPlainEnds } from "./readPatch.ts";

describe("a patch", () => {
  test("is read with the number of every line", () => {
    const patch = [
      "@@ -10,3 +10,4 @@ function one() {",
      " kept",
      "-@@ gone",
      "+new",
      "+",
      " kept too",
      "@@ -40 +41 @@",
      "-a",
      "\\ No newline at end of file",
      "+a",
    ].join("\n");
    const [first, second] = readPatch(patch);
    expect(first).toEqual({
      start: 10,
      place: "function one() {",
      lines: [
        { kind: "same", text: "kept", number: 10 },
        { kind: "removed", text: "@@ gone", number: 11 },
        { kind: "added", text: "new", number: 11 },
        { kind: "added", text: "", number: 12 },
        { kind: "same", text: "kept too", number: 13 },
      ],
      unended: { before: false, after: false },
    });
    expect(second).toMatchObject({ start: 41, place: "", unended: { before: true, after: false } });
    expect(readPatch("")).toEqual([]);
  });

  test("says nothing of how lines end, unless that differs", () => {
    expect(withPlainEnds("@@ -1 +1 @@\n-a\r\n+b\r")).toBe("@@ -1 +1 @@\n-a\n+b");
    expect(withPlainEnds("@@ -1 +1 @@\n-a\r\n+a")).toBe("@@ -1 +1 @@\n-a\r\n+a");
  });
});
