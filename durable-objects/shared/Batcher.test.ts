import { describe, test } from "vitest";
import { Batcher, FULL } from "./Batcher.ts";

/** Long enough that only what the test does decides. */
const NEVER_MS = 60_000;

describe("a batcher", () => {
  test("flushes the first at once and what follows together", async ({ expect }) => {
    const flushes: number[][] = [];
    const batcher = new Batcher<number>((items) => void flushes.push(items), 20);
    await batcher.add(1);
    expect(flushes).toEqual([[1]]);
    await Promise.all([batcher.add(2), batcher.add(3)]);
    expect(flushes).toEqual([[1], [2, 3]]);
  });

  test("does not wait for more when it has much", async ({ expect }) => {
    const flushes: number[][] = [];
    const batcher = new Batcher<number>((items) => void flushes.push(items), NEVER_MS);
    await batcher.add(1);
    const waiting = batcher.add(2, FULL - 1);
    expect(flushes).toEqual([[1]]);
    await Promise.all([waiting, batcher.add(3)]);
    await batcher.add(4, FULL);
    expect(flushes).toEqual([[1], [2, 3], [4]]);
  });

  test("lets a bad item fail alone", async ({ expect }) => {
    const kept: number[] = [];
    const flush = (items: number[]) => {
      if (items.includes(2)) throw new Error("two");
      kept.push(...items);
    };
    const batcher = new Batcher<number>(flush, 5);
    await batcher.add(0);
    const outcomes = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(kept).toEqual([0, 1, 3]);
  });
});
