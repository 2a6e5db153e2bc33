import { expect, it } from "vitest";
import { duration } from "./duration.ts";

it.each([
  [-5, "0 ms"],
  [0.4, "0 ms"],
  [340, "340 ms"],
  [999.6, "1.0 s"],
  [3_449, "3.4 s"],
  [59_999, "59.9 s"],
  [65_000, "1:05"],
  [7_207_000, "2:00:07"],
])("says %d ms as %s", (ms, words) => {
  expect(duration(ms)).toBe(words);
});
