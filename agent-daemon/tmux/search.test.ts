import { describe, expect, it } from "vitest";
import { searchLines } from "./search.ts";

const lines = ["one error", "two", "three", "Error four", "five (x)"];

describe("searchLines", () => {
  it("finds plain text with context, newest first, lines counted from the newest", async () => {
    expect(await searchLines(lines, { pattern: "error", ignore_case: true, before: 1, after: 1 })).toEqual({
      ok: true,
      matches: [
        { line: 1, text: "Error four", before: ["three"], after: ["five (x)"] },
        { line: 4, text: "one error", before: [], after: ["two"] },
      ],
      more: false,
      searched: 5,
    });
  });

  it("takes plain text as plain and a pattern as a pattern", async () => {
    expect(await searchLines(lines, { pattern: "(x)" })).toMatchObject({ matches: [{ text: "five (x)" }] });
    expect(await searchLines(lines, { pattern: "^t.*e{2}$", regex: true })).toMatchObject({
      matches: [{ text: "three" }],
    });
    expect(await searchLines(lines, { pattern: "error", regex: true })).toMatchObject({
      matches: [{ line: 4 }],
    });
  });

  it("stops at the limit and says that there is more", async () => {
    expect(await searchLines(lines, { pattern: "e", limit: 2 })).toMatchObject({
      more: true,
      matches: [{ line: 0 }, { line: 2, text: "three" }],
    });
  });

  it("refuses a pattern that is not one", async () => {
    expect(await searchLines(lines, { pattern: "(a", regex: true })).toMatchObject({
      ok: false,
      code: "bad_pattern",
    });
    expect(await searchLines(lines, { pattern: "(?=a)b", regex: true })).toMatchObject({
      code: "bad_pattern",
    });
    expect(await searchLines(lines, { pattern: "((a{30}){30}){30}", regex: true })).toMatchObject({
      code: "bad_pattern",
    });
  });

  it.each([
    "(a+)+$",
    "(a|aa)+$",
    "(a|a?)+b",
    "(.*a){20}b",
    "((a{1,90}){1,9}b?){1,1}$",
    "[a-z]{1,500}[0-9]{1,400}x",
    "(?:[a-m]+[b-z]+){240}[xy]",
  ])("stays responsive with %s on 20 MB", async (pattern) => {
    const random = Array.from(
      { length: 8_000 },
      (_, i) => "ab"[((i * i * 7 + (i >> 3)) % 2) ^ (Math.sin(i) > 0 ? 1 : 0)],
    );
    const hostile = Array.from({ length: 5_000 }, (_, i) =>
      i % 2 ? `${"a".repeat(4_000)}!` : random.slice(i % 4000, (i % 4000) + 4000).join(""),
    );
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const began = performance.now();
    const outcome = await searchLines(hostile, { pattern, regex: true });
    longest = Math.max(longest, performance.now() - last);
    clearInterval(timer);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(longest).toBeLessThan(400);
    expect(outcome.ok || outcome.code === "too_slow" || outcome.code === "bad_pattern").toBe(true);
  });
});
