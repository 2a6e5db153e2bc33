import { expect, it } from "vitest";
import type { LogEvent } from "../../shared/live/sessionState.ts";
import { stillUnsent, type Unsent } from "./unsent.ts";

const sent = (key: string, text: string, id: string | null = null, after = 0): Unsent => ({
  key,
  text,
  id,
  after,
});
const told = (seq: number, id: string, text: string, state = "taken"): LogEvent => ({
  seq,
  at: seq,
  type: "queued",
  id,
  text,
  state,
});
const keys = (list: readonly Unsent[]): string[] => list.map(({ key }) => key);

it("is what the log does not show yet, by id", () => {
  const list = [sent("a", "one", "m1"), sent("b", "two", "m2")];
  expect(stillUnsent(list, [])).toBe(list);
  expect(keys(stillUnsent(list, [told(1, "m1", "one")]))).toEqual(["b"]);
});

it("goes by the text while there is no answer, one for one", () => {
  const list = [sent("a", "same"), sent("b", "same")];
  expect(keys(stillUnsent(list, [told(1, "m1", "same", "queued"), told(2, "m1", "same")]))).toEqual(["b"]);
  expect(keys(stillUnsent(list, [told(1, "m1", "same"), told(2, "m2", "same")]))).toEqual([]);
});

it("does not take another's id for its text", () => {
  const list = [sent("a", "same"), sent("b", "same", "m1")];
  expect(keys(stillUnsent(list, [told(1, "m1", "same")]))).toEqual(["a"]);
});

it("does not take what was said before it for itself", () => {
  const list = [sent("a", "again", null, 5)];
  expect(stillUnsent(list, [told(4, "m0", "again")])).toBe(list);
  expect(stillUnsent(list, [told(4, "m0", "again"), told(6, "m1", "again")])).toEqual([]);
});
