import { describe, expect, it } from "vitest";
import { RING_LINES } from "../../protocol/limits.ts";
import { EMPTY_START } from "./plainLines.ts";
import { Ring, RING_BYTES } from "./ring.ts";

describe("Ring", () => {
  it("holds lines across any cut of bytes, also within a character", async () => {
    const ring = new Ring();
    ring.begin(() => ({ lines: ["old"], current: "$ ", column: 2, alternate: false }), false);
    for (const byte of Buffer.from("wörld 世\r\nnext")) ring.add(Uint8Array.of(byte));
    expect(await ring.lines()).toEqual(["old", "$ wörld 世", "next"]);
  });

  it("keeps the newest lines and bounded bytes under a flood", async () => {
    const ring = new Ring();
    ring.begin(() => EMPTY_START, false);
    const line = `${"x".repeat(90)}\r\n`;
    for (let n = 0; n < 200_000; n++) ring.add(Buffer.from(`${n} ${line}`));
    const lines = await ring.lines();
    expect(lines).toHaveLength(RING_LINES);
    expect(lines.map((text) => Number(text.split(" ")[0]))).toEqual(
      Array.from({ length: RING_LINES }, (_, i) => 200_000 - RING_LINES + i),
    );
  });

  it("does not take the alternate screen for history, also when its start is long gone", async () => {
    const ring = new Ring();
    ring.begin(() => EMPTY_START, false);
    ring.add(Buffer.from("before\r\n\x1b[?1049h"));
    for (let n = 0; n < (RING_BYTES * 2) / 10; n++) ring.add(Buffer.from("full scrn\n"));
    ring.add(Buffer.from("\x1b[?1049lafter\r\nend\r\n"));
    expect((await ring.lines()).filter((line) => line !== "after" && line !== "end")).toEqual([]);
  });

  it("is of no use after a loss until it begins anew", async () => {
    const ring = new Ring();
    expect(ring.complete).toBe(false);
    ring.begin(() => EMPTY_START, false);
    ring.add(Buffer.from("a\n"));
    ring.lose();
    ring.add(Buffer.from("b\n"));
    expect([ring.complete, await ring.lines()]).toEqual([false, []]);
    ring.begin(() => EMPTY_START, false);
    ring.add(Buffer.from("c\n"));
    expect([ring.complete, await ring.lines()]).toEqual([true, ["c"]]);
  });
});
