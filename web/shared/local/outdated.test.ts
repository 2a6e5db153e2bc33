import { describe, expect, it } from "vitest";
import { COPY_AGE_MS, MOST_CHARS, MOST_COPIES, outdated, type CopyNote } from "./outdated.ts";

const NOW = 10 * COPY_AGE_MS;
const note = (id: number, chars = 10): CopyNote => ({ id: `s${id}`, chars, usedAt: NOW - id });

describe("copies that have to go", () => {
  it("are none within the bounds", () => {
    expect(outdated([note(1), note(2)], NOW)).toEqual([]);
  });

  it("are the least lately used beyond the number, and beyond the size", () => {
    const many = Array.from({ length: MOST_COPIES + 2 }, (_, index) => note(index)).toReversed();
    expect(outdated(many, NOW)).toEqual([`s${MOST_COPIES}`, `s${MOST_COPIES + 1}`]);
    expect(outdated([note(1, MOST_CHARS), note(2), note(3)], NOW)).toEqual(["s2", "s3"]);
  });

  it("are those that nobody used for long", () => {
    expect(outdated([note(1), { ...note(2), usedAt: NOW - COPY_AGE_MS - 1 }], NOW)).toEqual(["s2"]);
  });
});
