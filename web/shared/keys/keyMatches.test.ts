import { expect, it } from "vitest";
import { keyMatches, type KeyPress } from "./keyMatches.ts";

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

it.each([
  ["j", press("j"), true],
  ["j", press("J", { shiftKey: true }), false],
  ["j", press("j", { ctrlKey: true }), false],
  ["j", press("j", { altKey: true }), false],
  ["?", press("?", { shiftKey: true }), true],
  ["?", press("?"), true],
  ["Enter", press("Enter"), true],
  ["Enter", press("Enter", { shiftKey: true }), false],
  ["Mod+k", press("k", { ctrlKey: true }), true],
  ["Mod+k", press("k", { metaKey: true }), true],
  ["Mod+k", press("K", { ctrlKey: true }), true],
  ["Mod+k", press("K", { ctrlKey: true, shiftKey: true }), false],
  ["Mod+Shift+k", press("K", { ctrlKey: true, shiftKey: true }), true],
  ["Mod+k", press("k"), false],
])("%s against %o is %s", (binding, pressed, expected) => {
  expect(keyMatches(binding, pressed)).toBe(expected);
});
