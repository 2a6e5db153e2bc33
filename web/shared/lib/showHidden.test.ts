import { expect, it } from "vitest";
import { showHidden } from "./showHidden.ts";

it.each([
  ["git status", "git status"],
  ["two\nlines\tand a tab", "two\nlines\tand a tab"],
  ["größe ✓ 日本 😀", "größe ✓ 日本 😀"],
  ["rm \u202egpj.exe", "rm \\u{202e}gpj.exe"],
  ["a\u200bb\ufeff", "a\\u{200b}b\\u{feff}"],
  ["esc \x1b[2K bell \x07 back \x08 return \r", "esc \\u{1b}[2K bell \\u{7} back \\u{8} return \\u{d}"],
  ["tag \u{e0041}", "tag \\u{e0041}"],
])("%j is shown as %j", (text, shown) => {
  expect(showHidden(text)).toBe(shown);
});
