import { expect, it } from "vitest";
import { titleOf } from "./titleOf.ts";

it.each([
  ["run git status", "run git status"],
  ["\n  \n  Mend   the\tlogin\nand then more", "Mend the login"],
  ["   \n ", ""],
  [`${"word ".repeat(12)}that is beyond it`, `${"word ".repeat(12).trim()}…`],
  [
    "a sentence of more than sixty characters is cut before its lastword",
    "a sentence of more than sixty characters is cut before its…",
  ],
  ["x".repeat(100), `${"x".repeat(60)}…`],
  [`${"x".repeat(59)}😀`.repeat(2), `${"x".repeat(59)}…`],
])("%j is %j", (message, title) => {
  expect(titleOf(message)).toBe(title);
});

it("holds no secret", () => {
  expect(titleOf(`use sk-${"a1".repeat(20)} for it`)).not.toContain("a1a1");
});
