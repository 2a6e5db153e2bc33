import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { seededRandom } from "../testing/seededRandom.ts";
import { tempDir } from "../testing/tempDir.ts";
import { unifiedDiff } from "./unifiedDiff.ts";

it("says nothing where nothing changed, and marks a missing last line feed", () => {
  expect(unifiedDiff("a", "x\n", "x\n")).toBe("");
  expect(unifiedDiff("a", "x\n", "x")).toBe(
    "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file",
  );
  expect(unifiedDiff("a", "x\n", "")).toBe("--- a/a\n+++ b/a\n@@ -1 +0,0 @@\n-x");
});

it("makes patches that git applies, whatever changed", () => {
  const directory = tempDir();
  const random = seededRandom(7);
  const pick = (n: number) => Math.floor(random() * n);
  for (let round = 0; round < 60; round++) {
    const text = (lines: string[]) => lines.join("\n") + (pick(2) === 0 ? "\n" : "");
    const before = Array.from({ length: 1 + pick(40) }, () => `l${pick(6)}`);
    const after = before.flatMap((line) =>
      pick(6) === 0 ? [] : pick(6) === 0 ? [line, `n${pick(9)}`] : [line],
    );
    const [old, wanted] = [text(before), after.length === 0 ? "" : text(after)];
    const diff = unifiedDiff("f", old, wanted);
    if (diff === "") {
      expect(wanted).toBe(old);
      continue;
    }
    writeFileSync(join(directory, "f"), old);
    execFileSync("git", ["apply", "--unidiff-zero", "-"], { cwd: directory, input: `${diff}\n` });
    expect(readFileSync(join(directory, "f"), "utf8"), `round ${round}`).toBe(wanted);
  }
});

it("is quick with large texts that have nothing in common", () => {
  const lines = (prefix: string) => Array.from({ length: 50_000 }, (_, n) => `${prefix}${n}\n`).join("");
  const began = performance.now();
  expect(unifiedDiff("f", lines("a"), lines("b")).split("\n")).toHaveLength(100_003);
  expect(performance.now() - began).toBeLessThan(3_000);
});
