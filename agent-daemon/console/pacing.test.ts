import { describe, expect, it } from "vitest";
import { OutputBuffer } from "./outputBuffer.ts";
import { OUTPUT_FRAME_BYTES, pace } from "./pacing.ts";

const idle = { pending: 5, room: 65_536, unseen: 0, sinceLastMs: 0, lastBytes: 5 };

describe("pace", () => {
  it.each([
    ["at once when nothing is on its way", {}, { send: 5 }],
    ["nothing when there is nothing", { pending: 0 }, { wait: "output" }],
    [
      "later while a frame has not been seen",
      { unseen: 10, room: 65_526, sinceLastMs: 0.5 },
      { wait: "time", ms: 1.5 },
    ],
    ["later when it pours", { lastBytes: 4096, sinceLastMs: 0.5 }, { wait: "time", ms: 1.5 }],
    ["at once again after a pause", { lastBytes: 4096, sinceLastMs: 3 }, { send: 5 }],
    ["after a moment anyway", { unseen: 10, room: 65_526, sinceLastMs: 2 }, { send: 5 }],
    ["a full frame at once", { pending: 100_000, unseen: 10, room: 65_526 }, { send: OUTPUT_FRAME_BYTES }],
    [
      "no more than there is room for",
      { pending: 30_000, unseen: 50_000, room: 15_536, sinceLastMs: 9 },
      { send: 15_536 },
    ],
    ["not in crumbs", { pending: 30_000, unseen: 65_000, room: 536, sinceLastMs: 9 }, { wait: "credit" }],
    ["the last crumb", { pending: 500, unseen: 65_000, room: 536, sinceLastMs: 9 }, { send: 500 }],
    ["not without room", { unseen: 65_536, room: 0, sinceLastMs: 9 }, { wait: "credit" }],
  ])("sends %s", (_, over, wanted) => expect(pace({ ...idle, ...over })).toEqual(wanted));
});

describe("OutputBuffer", () => {
  it("gives bytes in order, cut where asked", () => {
    const buffer = new OutputBuffer();
    for (const part of ["abc", "", "defg", "h"]) buffer.add(Buffer.from(part));
    expect([buffer.bytes, buffer.take(2).toString(), buffer.take(4).toString(), buffer.bytes]).toEqual([
      8,
      "ab",
      "cdef",
      2,
    ]);
    expect([buffer.take(99).toString(), buffer.take(1).toString(), buffer.bytes]).toEqual(["gh", "", 0]);
    buffer.add(Buffer.from("x"));
    buffer.clear();
    expect([buffer.bytes, buffer.take(5).length]).toEqual([0, 0]);
  });
});
