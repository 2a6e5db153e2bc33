import { expect, it } from "vitest";
import { keySequence, withCtrl } from "./keySequences.ts";

const plain = { application: false, ctrl: false };

it("knows the keys of the row", () => {
  expect(keySequence("escape", plain)).toBe("\x1b");
  expect(keySequence("interrupt", plain)).toBe("\x03");
  expect(keySequence("enter", plain)).toBe("\r");
  expect(keySequence("up", plain)).toBe("\x1b[A");
  expect(keySequence("up", { application: true, ctrl: false })).toBe("\x1bOA");
  expect(keySequence("left", { application: true, ctrl: true })).toBe("\x1b[1;5D");
  expect(keySequence("end", plain)).toBe("\x1b[F");
});

it.each([
  ["c", "\x03"],
  ["C", "\x03"],
  ["[", "\x1b"],
  [" ", "\x00"],
  ["?", "\x7f"],
  ["cd", "\x03d"],
  ["1", "1"],
  ["", ""],
  ["ž", "ž"],
  ["😀", "😀"],
  ["\x1b[A", "\x1b[A"],
])("Ctrl makes %j into %j", (typed, sent) => {
  expect(withCtrl(typed)).toBe(sent);
});
