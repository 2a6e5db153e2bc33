import { expect, it } from "vitest";
import { sizeWords } from "./sizeWords.ts";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1 kB"],
  [9_940, "9.9 kB"],
  [9_960, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1 MB"],
  [20 * 1024 * 1024, "21 MB"],
  [999_600_000, "1 GB"],
  [12_300_000_000, "12 GB"],
])("%i bytes are %s", (bytes, words) => expect(sizeWords(bytes)).toBe(words));
