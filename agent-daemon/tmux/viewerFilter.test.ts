import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ViewerFilter } from "./viewerFilter.ts";

function filter(text: string): string {
  return new ViewerFilter().push(Buffer.from(text)).toString();
}

describe("ViewerFilter", () => {
  it.each([
    "\x1b[c",
    "\x1b[0c",
    "\x1b[>c",
    "\x1b[>0c",
    "\x1b[=c",
    "\x1b[5n",
    "\x1b[6n",
    "\x1b[?6n",
    "\x1b[?996n",
    "\x1b[?2026$p",
    "\x1b[>q",
    "\x1b[>0q",
    "\x1b[?u",
    "\x1b[18t",
    "\x1b[14t",
    "\x1bZ",
    "\x1b]11;?\x07",
    "\x1b]10;?\x1b\\",
    "\x1b]4;1;?\x1b\\",
    "\x1b]52;c;?\x07",
    "\x1bP+q544e\x1b\\",
    "\x1bP$qm\x1b\\",
    "\x1bkbash\x1b\\",
    "\x1bktitle\x07",
  ])("takes out %j", (question) => expect(filter(`before${question}after`)).toBe("beforeafter"));

  it.each([
    "plain text, ünïcode 世界",
    "\x1b[1;31mred\x1b[0m",
    "\x1b[2 q",
    "\x1b[u\x1b[s",
    "\x1b[>4;2m",
    "\x1b[?1049h\x1b[?2026l",
    "\x1b[22;0;0t",
    "\x1b[8;24;80t",
    "\x1b[!p",
    "\x1b]0;title\x07",
    "\x1b]11;#000000\x07",
    "\x1b]8;;http://x?\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;aGVsbG8=\x07",
    `\x1b]52;c;${"A".repeat(2000)}\x07`,
    "\x1bPqsixel\x1b\\",
    "\x1b(0\x1b7\x1b8\x1b=",
    "\x1b[3S\x1b[2x",
  ])("lets %j pass", (text) => expect(filter(text)).toBe(text));

  it("ends a title at a line's end, so that a broken one swallows no more than that", () => {
    expect(filter("a\x1bknever ends\r\nb\x1b[mc")).toBe("a\r\nb\x1b[mc");
    expect(filter("a\x1bkx\x1b[31mb")).toBe("a\x1b[31mb");
  });

  it("gives the same however the bytes are cut, and never throws", () => {
    const pieces = [
      "\x1b",
      "[",
      "]",
      "P",
      "k",
      "\\",
      "?",
      "c",
      "6n",
      "11;?",
      "\x07",
      "text",
      "\r\n",
      "m",
      "1;31",
      "+q",
      "$p",
      "世",
      ">",
      "t",
      "18",
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (parts, sizes) => {
          // The end makes sure that nothing is held back for more.
          const bytes = Buffer.from(`${parts.join("")}\x07\x1b[m\x1b\\\x1b[m end`);
          const whole = new ViewerFilter().push(bytes).toString("latin1");
          const cut = new ViewerFilter();
          let joined = "";
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            joined += cut.push(bytes.subarray(at, at + size)).toString("latin1");
            at += size;
          }
          expect(joined).toBe(whole);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("costs little for plain floods", () => {
    const flood = Buffer.alloc(16 * 1024 * 1024, "0123456789 plain\r\n");
    const filterOne = new ViewerFilter();
    const began = performance.now();
    for (let at = 0; at < flood.length; at += 65_536) filterOne.push(flood.subarray(at, at + 65_536));
    expect(performance.now() - began).toBeLessThan(200);
  });
});
