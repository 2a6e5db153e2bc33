import { expect, it } from "vitest";
import type { WorktreeEntry } from "../../protocol/worktrees.ts";
import { chooseHost } from "./findHost.ts";
import { hostOf } from "./testing/hostOf.ts";
import { parseCommandLine } from "./parseCommandLine.ts";
import { renderRemoval, renderWorktrees } from "./commands/worktrees.ts";

const desk = hostOf("hst_a", "Desk", "desk.local");
const lap = hostOf("hst_b", "lap", "lap.local");

it("means the host that is named, this machine, or the only one", () => {
  expect(chooseHost([desk, lap], "desk", "x").id).toBe("hst_a");
  expect(chooseHost([desk, lap], "hst_b", "x").id).toBe("hst_b");
  expect(chooseHost([desk, lap], null, "lap.local").id).toBe("hst_b");
  expect(chooseHost([desk], null, "x").id).toBe("hst_a");
  expect(() => chooseHost([desk, lap], null, "x")).toThrow(
    "Say which host, by --host. There are: Desk, lap.",
  );
  expect(() => chooseHost([desk, desk], "desk", "x")).toThrow("2 hosts are called so");
  expect(() => chooseHost([], "x", "x")).toThrow("There is no host x. There is no host yet.");
});

it("reads a removal, and refuses half of one", () => {
  const read = (...words: string[]) => parseCommandLine(["worktrees", ...words], "0");
  expect(read()).toMatchObject({ invocation: { args: { remove: null, host: null } } });
  expect(read("remove", "/a", "--snapshot", "--host", "desk")).toMatchObject({
    invocation: { args: { remove: "/a", snapshot: true, host: "desk" } },
  });
  for (const words of [["remove"], ["delete", "/a"]]) expect(read(...words).kind).toBe("problem");
});

it("says of each worktree what would be lost with it", () => {
  const item: WorktreeEntry = {
    path: "/trees/a/b",
    repo: "/a",
    branch: "fix",
    head: "abc",
    sessions: [],
    in_use: true,
    dirty: 2,
    only_here: 1,
    doing: "merge",
    ignored: [],
    bytes: 2_500_000,
    made_at: 0,
    problem: null,
  };
  const snapshot = { repo: "/a", ref: "refs/signalbox/snapshots/x", commit: "c", at: 0, restore: "git back" };
  const list = {
    status: "worktrees" as const,
    root: "/trees",
    items: [item],
    more: 1,
    snapshots: [snapshot],
  };
  expect(renderWorktrees(list, 3_600_000)).toEqual([
    "/trees/a/b",
    "    fix: merge in progress, 2 not committed, 1 commits only here, in use, 3 MB, made 1 h 0 min ago",
    "… and 1 more",
    "",
    "Snapshots of worktrees that were removed, and what brings each back:",
    "    git back",
  ]);
  expect(renderRemoval({ status: "removed", snapshot })).toEqual([
    "The worktree was removed; what was in it is in refs/signalbox/snapshots/x. This brings it back:",
    "git back",
  ]);
});
