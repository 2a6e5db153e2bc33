import { describe, expect, it } from "vitest";
import { paneTitle, previewOf } from "./paneFacts.ts";

describe("previewOf", () => {
  it.each([
    ["one\ntwo\n\n   \n", "two"],
    ["text\n╰──────╯\n", "text"],
    ["\n\n", null],
    [`${"x".repeat(199)}😀`, "x".repeat(199)],
    [`${"x".repeat(198)}😀y`, `${"x".repeat(198)}😀`],
    ["a\x0eb", "ab"],
  ])("%j", (screen, preview) => expect(previewOf(screen)).toBe(preview));
});

describe("paneTitle", () => {
  it.each([
    ["claude", "node", "/home/me/webapp", "claude in webapp"],
    ["shell", "-zsh", "/", "zsh in /"],
    ["other", "vim", "", "vim"],
  ] as const)("%s %s %s", (agent, command, cwd, title) => expect(paneTitle(agent, command, cwd)).toBe(title));
});
