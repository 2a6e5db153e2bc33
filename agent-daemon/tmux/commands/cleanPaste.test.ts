import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PASTE_BYTES } from "../../../protocol/limits.ts";
import { cleanPaste } from "./cleanPaste.ts";

describe("cleanPaste", () => {
  it.each([
    ["plain ~ [201~ text", "plain ~ [201~ text"],
    ["a\x1b[201~rm -rf\n", "arm -rf\n"],
    ["a\x1b[20\x1b[201~1~b", "ab"],
    ["\x1b[200~x\u009b201~y", "xy"],
    ["a\r\nb\rc\n", "a\nb\rc\n"],
  ])("%j", (text, clean) => expect(cleanPaste(text)).toBe(clean));

  it("never leaves a marker", () => {
    const pieces = ["\x1b", "[", "2", "0", "1", "~", "\x1b[201~", "\x1b[20", "x", "\u009b"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces)), (parts) => {
        expect(cleanPaste(parts.join(""))).not.toMatch(/(?:\x1b\[|\u009b)20[01]~/);
      }),
    );
  });

  it("is quick on text made of nothing but markers in markers", () => {
    const nested = "\x1b[20".repeat(MAX_PASTE_BYTES / 6) + "1~".repeat(MAX_PASTE_BYTES / 6);
    const began = performance.now();
    expect(cleanPaste(nested)).toBe("");
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
