import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { meaningOfStderr, reasonOfStderr } from "./stderrReason.ts";

it("finds the reason in what a resume of an unknown thread says", () => {
  const text = readFileSync(join(import.meta.dirname, "fixtures/resume-bad.stderr"), "utf8");
  expect(reasonOfStderr(text)).toBe(
    "thread/resume: thread/resume failed: no rollout found for thread id 01a1f743-0000-7000-8000-000000000000 (code -32600)",
  );
});

it.each([
  ["Reading additional input from stdin...\n", null],
  ["", null],
  ["\u001b[31mError: red\u001b[0m\nsomething after it\n", "red"],
  ["thread 'main' panicked at x.rs\nnote: run with RUST_BACKTRACE=1", "note: run with RUST_BACKTRACE=1"],
  ["Error: OPENAI_API_KEY=sk-abcdefghijklmnopqrstuv is wrong", "OPENAI_API_KEY=[secret] is wrong"],
])("%j", (text, reason) => {
  expect(reasonOfStderr(text)).toBe(reason);
});

it("keeps the end of a long one", () => {
  const meaning = meaningOfStderr(Array.from({ length: 5000 }, (_, i) => `line ${i}`).join("\n"));
  expect(meaning.length).toBeLessThanOrEqual(2000);
  expect(meaning.endsWith("line 4999")).toBe(true);
});
