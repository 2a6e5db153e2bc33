import type { ModelMessage } from "ai";
import { describe, expect, it } from "vitest";
import { cutAt, fillOf, fitted, isFull, type Sized } from "./window.ts";

const rows = (...given: [role: string, chars: number, tokens?: number][]): Sized[] =>
  given.map(([role, chars, tokens = null], i) => ({ position: i + 1, role, chars, tokens }));

describe("a cut", () => {
  const step = rows(
    ["user", 10],
    ["assistant", 10],
    ["tool", 50],
    ["tool", 50],
    ["assistant", 10],
    ["tool", 30],
  );

  it.each([
    [1_000, 0],
    [150, 1],
    [149, 4],
    [40, 4],
    [0, 4],
  ])("for %i characters is before message %i", (most, at) => {
    expect(cutAt(step, most)).toBe(at);
  });

  it("never leaves a result without its call, whatever the sizes", () => {
    for (let most = 0; most < 200; most++) expect(step[cutAt(step, most)]?.role).not.toBe("tool");
    expect(cutAt(rows(["tool", 5], ["tool", 5]), 0)).toBe(0);
    expect(cutAt([], 10)).toBe(0);
  });
});

describe("a window's fill", () => {
  it("is what the model counted, and an estimate of what came since", () => {
    const counted = rows(["user", 4_000], ["assistant", 4_000, 6_000], ["user", 8_000]);
    expect(fillOf(counted, 0, 0)).toEqual({ tokens: 8_000, charsPerToken: 4 });
    expect(fillOf(counted.slice(0, 1), 0, 0)).toEqual({ tokens: 5_000, charsPerToken: 4 });
  });

  it("does not trust a count of what was longer then", () => {
    const kept = rows(["user", 4_000], ["assistant", 4_000, 60_000]);
    expect(fillOf(kept, 8_000, 2).tokens).toBe(8_000);
  });

  it("learns how long tokens are", () => {
    const dense = fillOf(rows(["user", 16_000, 32_000], ["user", 1_000]), 0, 0);
    expect(dense).toEqual({ tokens: 33_000, charsPerToken: 1 });
    expect(isFull(dense, 41_000)).toBe(true);
    expect(isFull(dense, 42_000)).toBe(false);
  });
});

it("results that are too long for the window are cut and say so; all else stays", () => {
  const result = (toolCallId: string, value: string): ModelMessage => ({
    role: "tool",
    content: [{ type: "tool-result", toolCallId, toolName: "read_file", output: { type: "text", value } }],
  });
  const said: ModelMessage = { role: "user", content: "x".repeat(3_000) };
  const messages = [said, result("a", "a".repeat(20_000)), result("b", "b".repeat(20_000)), result("c", "c")];
  expect(fitted(messages, 100_000)).toBe(messages);
  const cut = fitted(messages, 20_000);
  expect(JSON.stringify(cut).length).toBeLessThan(20_000);
  expect(cut[0]).toBe(said);
  expect(JSON.stringify(cut[1])).toMatch(/a\\n\(\d+ characters are left out/);
  expect(JSON.stringify(cut[3])).toBe(JSON.stringify(messages[3]));
});
