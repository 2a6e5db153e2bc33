import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");

function tokens(selector: string): Map<string, string> {
  const start = css.indexOf(selector);
  const block = css.slice(css.indexOf("{", start), css.indexOf("}", start));
  return new Map(
    Array.from(block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g), (match) => [match[1] ?? "", match[2] ?? ""]),
  );
}

function luminance(hex: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT = ["text", "muted", "waiting-text", "working-text", "done-text", "trouble-text"];
const GROUNDS = ["bg", "surface", "raised", "hover", "selected"];
const SIGNALS = ["waiting", "working", "idle", "done", "trouble", "focus", "edge", "quick", "usual", "slow"];

describe.each([
  ["dark", ':root[data-theme="dark"]'],
  ["light", ':root[data-theme="light"]'],
  ["light by the system", ":root:not([data-theme])"],
])("the %s theme", (_name, selector) => {
  const theme = tokens(selector);
  const value = (name: string): string => theme.get(name) ?? expect.fail(`--${name} is missing`);

  it.each(TEXT.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)))(
    "reads %s on %s (AA, 4.5)",
    (text, ground) => {
      expect(contrast(value(text), value(ground))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(
    SIGNALS.flatMap((signal) => ["bg", "surface", "raised"].map((ground) => [signal, ground] as const)),
  )("shows %s on %s (AA, 3)", (signal, ground) => {
    expect(contrast(value(signal), value(ground))).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ["text", "waiting-ground"],
    ["waiting-text", "waiting-ground"],
    ["text", "trouble-ground"],
    ["trouble-text", "trouble-ground"],
    ["bg", "text"],
    ["term-fg", "term-bg"],
  ])("reads %s on %s", (text, ground) => {
    expect(contrast(value(text), value(ground))).toBeGreaterThanOrEqual(4.5);
  });
});

it("gives both light themes the same values", () => {
  expect(tokens(':root[data-theme="light"]')).toEqual(tokens(":root:not([data-theme])"));
});
