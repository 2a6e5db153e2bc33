import { expect, it } from "vitest";
import { seededRandom } from "../../testing/seededRandom.ts";
import { createLineSplitter } from "./splitLines.ts";
import type { Line } from "./splitLines.ts";

const LIMITS = { maxBytes: 100, keepBytes: 10 };

it("splits the same however the bytes come", () => {
  const text = [
    "one",
    "",
    "zwei äöü 漢字 🚦",
    "x".repeat(100),
    "y".repeat(101),
    "\r",
    "é".repeat(80),
    "end",
  ].join("\n");
  const bytes = Buffer.from(`${text}\n`);
  const whole = createLineSplitter(LIMITS).push(bytes);
  expect(whole).toEqual([
    { text: "one", cut: 0, bytes: 4 },
    { text: "", cut: 0, bytes: 1 },
    { text: "zwei äöü 漢字 🚦", cut: 0, bytes: 24 },
    { text: "x".repeat(100), cut: 0, bytes: 101 },
    { text: "y".repeat(10), cut: 91, bytes: 102 },
    { text: "\r", cut: 0, bytes: 2 },
    { text: "é".repeat(5), cut: 150, bytes: 161 },
    { text: "end", cut: 0, bytes: 4 },
  ]);
  const random = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const splitter = createLineSplitter(LIMITS);
    const lines: Line[] = [];
    // The caller reads into one buffer again and again.
    const buffer = Buffer.alloc(40);
    for (let at = 0; at < bytes.length;) {
      const size = 1 + Math.floor(random() * 39);
      const length = bytes.copy(buffer, 0, at, at + size);
      lines.push(...splitter.push(buffer.subarray(0, length)));
      at += length;
    }
    expect(lines).toEqual(whole);
    expect(splitter.pending()).toBe(0);
    expect(splitter.flush()).toBeNull();
  }
});

it("keeps a last line that has no newline, and knows where it begins", () => {
  const splitter = createLineSplitter(LIMITS);
  expect(splitter.push(Buffer.from("a\nbc"))).toEqual([{ text: "a", cut: 0, bytes: 2 }]);
  expect(splitter.pending()).toBe(2);
  splitter.push(Buffer.from("d".repeat(200)));
  expect(splitter.pending()).toBe(202);
  expect(splitter.flush()).toEqual({ text: "bcdddddddd", cut: 192, bytes: 202 });
  expect(splitter.pending()).toBe(0);
});

it("replaces bytes that are no UTF-8", () => {
  const [line] = createLineSplitter(LIMITS).push(Buffer.from([0x61, 0xff, 0xc3, 0x0a]));
  expect(line).toEqual({ text: "a\ufffd\ufffd", cut: 0, bytes: 4 });
});
