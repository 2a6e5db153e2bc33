import { describe, expect, it } from "vitest";
import { findTmux, isOld, tmuxVersion } from "./findTmux.ts";

describe("tmux's version", () => {
  it.each([
    ["tmux 3.3a\n", "3.3a", false],
    ["tmux next-3.6\n", "next-3.6", false],
    ["tmux 3.1c\n", "3.1c", true],
    ["tmux 2.9\n", "2.9", true],
    ["tmux master\n", "master", false],
  ])("%j", (output, version, old) => {
    expect(tmuxVersion(output)).toBe(version);
    expect(isOld(version)).toBe(old);
  });

  it("says in one sentence that tmux is missing", async () => {
    const missing = await findTmux("/nowhere/tmux", {});
    expect(missing.version()).toBeNull();
    expect(await missing.unusable()).toMatch(/^tmux is not installed/);
    const other = await findTmux("true", process.env);
    expect(await other.unusable()).toMatch(/does not say its version/);
  });
});
