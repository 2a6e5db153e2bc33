import { expect, it } from "vitest";
import { isDue } from "./isDue.ts";

it("is due after the interval, and when the clock was put back", () => {
  const now = 1_000_000;
  expect([isDue(now - 99, 100, now), isDue(now - 100, 100, now)]).toEqual([false, true]);
  expect(isDue(now + 3_600_000, 100, now)).toBe(true);
  expect(isDue(Number.NEGATIVE_INFINITY, 100, now)).toBe(true);
});
