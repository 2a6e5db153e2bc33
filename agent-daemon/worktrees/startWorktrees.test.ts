import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, onTestFinished, test } from "vitest";
import type { CommandResult } from "../../protocol/commands.ts";
import { newId } from "../../protocol/ids.ts";
import { Answer } from "../../protocol/questions.ts";
import type { Worktree } from "../../protocol/session.ts";
import { openStore } from "../store.ts";
import { addWorktree } from "./addWorktree.ts";
import { startWorktrees, type KnownPlace } from "./startWorktrees.ts";

let base: string;
let repo: string;
let root: string;
let places: KnownPlace[];
let removed: [string, boolean][];
let worktrees: ReturnType<typeof startWorktrees>;

function git(directory: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  return execFileSync("git", ["-C", directory, ...identity, ...args], {
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
}
async function make(branch: string): Promise<Worktree> {
  const added = await addWorktree({ cwd: repo, branch, worktreesDir: root });
  if (!added.ok) throw new Error(added.message);
  return added.worktree;
}

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-list-")));
  root = join(base, "worktrees");
  repo = join(base, "repo");
  mkdirSync(repo);
  git(repo, "init", "-q");
  writeFileSync(join(repo, "a.txt"), "a\n");
  writeFileSync(join(repo, ".gitignore"), "*.log\n");
  git(repo, "add", ".");
  git(repo, "commit", "-qm", "first");
  places = [];
  removed = [];
  const store = openStore(join(base, "store.db"));
  const done: CommandResult = { status: "done", value: { type: "nothing" } };
  worktrees = startWorktrees({
    root,
    store,
    places: () => places,
    removeOf: async (session, snapshot) => {
      removed.push([session, snapshot]);
      return done;
    },
  });
  onTestFinished(() => {
    store.close();
    rmSync(base, { recursive: true, force: true });
  });
});

describe("the worktrees of a host", () => {
  test("are told with what they hold, who works in them, and what they take", async ({ expect }) => {
    expect(await worktrees.list()).toMatchObject({ items: [], more: 0, snapshots: [] });
    const clean = await make("clean");
    const busy = await make("busy/one");
    writeFileSync(join(busy.path, "new.txt"), "new\n");
    writeFileSync(join(busy.path, "noise.log"), "x\n");
    git(busy.path, "commit", "-q", "--allow-empty", "-m", "only here");
    mkdirSync(join(root, "repo", "not a worktree"));
    const [session, visitor, other] = [newId("ses"), newId("ses"), newId("ses")];
    places = [
      { session: other, directory: repo, worktree: null, live: true },
      { session, directory: clean.path, worktree: clean, live: false },
      { session: visitor, directory: join(busy.path, "sub"), worktree: null, live: true },
    ];
    const answer = await worktrees.list();
    expect(Answer.safeParse(answer).success).toBe(true);
    const [first, second] = [...answer.items].sort((a, b) => (a.path < b.path ? -1 : 1));
    expect(first).toMatchObject({
      path: busy.path,
      repo,
      branch: "busy/one",
      sessions: [visitor],
      in_use: true,
      dirty: 1,
      only_here: 1,
      ignored: ["noise.log"],
      problem: null,
    });
    expect(first?.bytes).toBeGreaterThan(0);
    expect(second).toMatchObject({
      branch: "clean",
      sessions: [session],
      in_use: false,
      dirty: 0,
      only_here: 0,
    });
    expect(answer.items).toHaveLength(2);
  });

  test("go when they are clean or kept in a snapshot, and what was kept is listed when none is left", async ({
    expect,
  }) => {
    const dirty = await make("dirty");
    writeFileSync(join(dirty.path, "new.txt"), "new\n");
    expect(await worktrees.remove({ path: dirty.path })).toMatchObject({
      status: "failed",
      code: "would_lose_work",
      details: ["uncommitted: ?? new.txt"],
    });
    const gone = await worktrees.remove({ path: dirty.path, snapshot: true });
    expect(gone).toMatchObject({ status: "removed", snapshot: { repo } });
    expect(existsSync(dirty.path)).toBe(false);
    const after = await worktrees.list();
    expect(after.items).toEqual([]);
    expect(after.snapshots).toEqual([gone.status === "removed" ? gone.snapshot : null]);
  });

  test("are removed by the command of the session they were made for, and never from under one that works there", async ({
    expect,
  }) => {
    const tree = await make("mine");
    const session = newId("ses");
    places = [{ session, directory: tree.path, worktree: tree, live: true }];
    expect(await worktrees.remove({ path: tree.path, snapshot: true })).toMatchObject({ code: "in_use" });
    places = [{ session, directory: tree.path, worktree: tree, live: false }];
    expect(await worktrees.remove({ path: tree.path, snapshot: true })).toEqual({
      status: "removed",
      snapshot: null,
    });
    expect(removed).toEqual([[session, true]]);
  });

  test("are only those under the root: no other path, and none through a link", async ({ expect }) => {
    const elsewhere = join(base, "elsewhere");
    git(repo, "worktree", "add", "-q", "-b", "elsewhere", elsewhere);
    await make("here");
    symlinkSync(elsewhere, join(root, "repo", "link"));
    for (const path of [
      elsewhere,
      repo,
      join(root, "repo", "link"),
      join(root, "repo", "..", "..", "elsewhere"),
    ])
      expect(await worktrees.remove({ path, snapshot: true }), path).toMatchObject({
        code: "no_such_worktree",
      });
    expect(existsSync(elsewhere)).toBe(true);
  });

  test("whose repository is gone say so, and stay", async ({ expect }) => {
    const tree = await make("lost");
    rmSync(repo, { recursive: true });
    const { items } = await worktrees.list();
    expect(items).toMatchObject([{ path: tree.path, repo: null, dirty: null }]);
    expect(items[0]?.problem).toMatch(/git ended with code 128/);
    expect(await worktrees.remove({ path: tree.path, snapshot: true })).toMatchObject({ code: "git_failed" });
    expect(existsSync(tree.path)).toBe(true);
  });
});
