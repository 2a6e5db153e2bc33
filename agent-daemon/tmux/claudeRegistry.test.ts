import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { followClaudeRegistry } from "./claudeRegistry.ts";

describe("followClaudeRegistry", () => {
  it("follows files as they come, change, break and go", async () => {
    const root = mkdtempSync(join(tmpdir(), "signalbox-claude-"));
    const onChange = vi.fn();
    const registry = followClaudeRegistry({ CLAUDE_CONFIG_DIR: root }, onChange);
    expect(registry.inPane("%2")).toEqual([]);

    mkdirSync(join(root, "sessions"));
    const file = join(root, "sessions", "77.json");
    const write = (value: unknown) =>
      writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
    write({ pid: 77, tmux: "my.session:@2.%2", status: "idle", version: "9" });
    writeFileSync(join(root, "sessions", "78.json"), "[]");
    writeFileSync(join(root, "sessions", "notes.txt"), "{}");
    registry.refresh();
    expect(registry.inPane("%2")).toMatchObject([{ pid: 77, status: "idle" }]);
    expect(registry.inPane("%22")).toEqual([]);

    write({ pid: 77, tmux: "my.session:@2.%2", status: "waiting", waitingFor: "permission prompt" });
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
    registry.refresh();
    expect(registry.inPane("%2")).toMatchObject([{ status: "waiting", waitingFor: "permission prompt" }]);

    write({ pid: 77, tmux: "my.session:@2.%2", status: "dreaming" });
    registry.refresh();
    expect(registry.inPane("%2")[0]?.status).toBeUndefined();

    write('{"pid": 77, "tm');
    registry.refresh();
    expect(registry.inPane("%2")).toMatchObject([{ pid: 77 }]);

    rmSync(file);
    registry.refresh();
    expect(registry.inPane("%2")).toEqual([]);
    registry.stop();
  });
});
