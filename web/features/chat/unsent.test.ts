import { expect, it } from "vitest";
import type { LogEvent } from "../../shared/live/sessionState.ts";
import { stillUnsent, type Unsent } from "./unsent.ts";

const sent = (id: string, after = 0): Unsent => ({ id, text: "same", attachments: [], after });
const told = (seq: number, id: string, state = "taken"): LogEvent => ({
  seq,
  at: seq,
  type: "queued",
  id,
  text: "same",
  state,
});
const ids = (list: readonly Unsent[]): string[] => list.map(({ id }) => id);

it("is what the log does not show yet", () => {
  const list = [sent("m1"), sent("m2")];
  expect(stillUnsent(list, [])).toBe(list);
  expect(ids(stillUnsent(list, [told(1, "m1", "queued"), told(2, "m1")]))).toEqual(["m2"]);
  expect(stillUnsent(list, [told(1, "m2"), told(2, "m1")])).toEqual([]);
});

it("looks no further back than the oldest was sent", () => {
  const list = [sent("m1", 5)];
  expect(stillUnsent(list, [told(4, "m1")])).toBe(list);
  expect(stillUnsent(list, [told(4, "m0"), told(6, "m1")])).toEqual([]);
});
