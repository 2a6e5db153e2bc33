import { describe, expect, it } from "vitest";
import { foregroundGroup, parsePs, processTable } from "./processes.ts";

describe("foregroundGroup", () => {
  it("is not fooled by a process name with brackets and spaces", () => {
    expect(foregroundGroup("42 (a) b (c)) S 1 42 42 34816 77 4194304 0")).toBe(77);
    expect(foregroundGroup("42 (x) S 1 42 42 0 -1 0")).toBeNull();
    expect(foregroundGroup(null)).toBeNull();
  });
});

describe("parsePs", () => {
  it("reads pids, the foreground mark and the command", () => {
    expect(parsePs("  1     0 Ss   /sbin/init\n 12 1 S+   node /usr/bin/codex x\nbad\n")).toEqual([
      { pid: 1, parent: 0, foreground: false, argv: ["/sbin/init"] },
      { pid: 12, parent: 1, foreground: true, argv: ["node", "/usr/bin/codex", "x"] },
    ]);
  });
});

describe.skipIf(process.platform !== "linux")("processTable", () => {
  it("finds this process below its parent", async () => {
    expect(await processTable().tree(process.ppid)).toContain(process.pid);
    expect(await processTable().foreground(2 ** 30)).toEqual([]);
  });
});
