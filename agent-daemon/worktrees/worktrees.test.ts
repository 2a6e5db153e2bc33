import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { addWorktree } from "./addWorktree.ts";
import { parseStatus } from "./parseStatus.ts";
import { removeWorktree } from "./removeWorktree.ts";
import { describeLoss, worktreeLoss } from "./worktreeLoss.ts";

let root: string;
let repo: string;
let worktreesDir: string;

function git(directory: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  return execFileSync("git", ["-C", directory, ...identity, ...args], { encoding: "utf8" }).trim();
}

function commit(directory: string, file: string): void {
  writeFileSync(join(directory, file), file);
  git(directory, "add", file);
  git(directory, "commit", "-qm", `adds ${file}`);
}

async function make(branch: string) {
  const added = await addWorktree({ cwd: repo, branch, worktreesDir });
  if (!added.ok) throw new Error(added.message);
  return added;
}

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-worktrees-")));
  repo = join(root, "my repo");
  worktreesDir = join(root, "worktrees");
  mkdirSync(repo);
  git(repo, "init", "-q");
  mkdirSync(join(repo, "sub"));
  commit(repo, "sub/a.txt");
});

describe("addWorktree", () => {
  it("makes a branch in a directory of its own, in the same subdirectory", async () => {
    const added = await addWorktree({ cwd: join(repo, "sub"), branch: "feature/x", worktreesDir });
    expect(added).toEqual({
      ok: true,
      worktree: {
        path: join(worktreesDir, "my repo", "feature-x"),
        branch: "feature/x",
        base: git(repo, "rev-parse", "HEAD"),
        repo,
      },
      cwd: join(worktreesDir, "my repo", "feature-x", "sub"),
    });
    expect(git(join(worktreesDir, "my repo", "feature-x"), "branch", "--show-current")).toBe("feature/x");
  });

  it("gives two branches whose names fold to one directory two directories, also at once", async () => {
    const [a, b] = await Promise.all([make("a/b"), make("a-b")]);
    expect(new Set([a.worktree.path, b.worktree.path]).size).toBe(2);
  });

  it("refuses a second time, a base that is not there, and a place without a repository; and leaves nothing", async () => {
    await make("x");
    expect(await addWorktree({ cwd: repo, branch: "x", worktreesDir })).toMatchObject({
      code: "branch_exists",
    });
    expect(await addWorktree({ cwd: repo, branch: "y", base: "nope", worktreesDir })).toMatchObject({
      code: "no_such_base",
    });
    expect(await addWorktree({ cwd: root, branch: "y", worktreesDir })).toMatchObject({
      code: "not_a_repository",
    });
    // `x` is taken as a file name in the refs, so git itself refuses
    expect(await addWorktree({ cwd: repo, branch: "x/y", worktreesDir })).toMatchObject({
      code: "git_failed",
    });
    expect(readdirSync(join(worktreesDir, "my repo"))).toEqual(["x"]);
    writeFileSync(join(root, "file"), "");
    expect(await addWorktree({ cwd: repo, branch: "z", worktreesDir: join(root, "file") })).toMatchObject({
      code: "worktrees_dir",
    });
  });
});

describe("addWorktree in a repository with a hook that fails", () => {
  it("leaves no branch behind, so that it can be tried again", async () => {
    const hook = join(repo, ".git", "hooks", "post-checkout");
    writeFileSync(hook, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    expect(await addWorktree({ cwd: repo, branch: "again", worktreesDir })).toMatchObject({
      code: "git_failed",
    });
    expect(git(repo, "branch", "--list", "again")).toBe("");
    rmSync(hook);
    expect((await make("again")).worktree.branch).toBe("again");
  });
});

describe("worktreeLoss and removeWorktree", () => {
  it("removes a worktree that holds nothing new, with its branch, and does not mind a second time", async () => {
    const { worktree } = await make("clean");
    expect(await removeWorktree(worktree)).toMatchObject({ status: "done" });
    expect(existsSync(worktree.path)).toBe(false);
    expect(git(repo, "branch", "--list", "clean")).toBe("");
    expect(await removeWorktree(worktree)).toMatchObject({ status: "done" });
  });

  it("refuses and says what: changed, untracked, renamed, committed only here", async () => {
    const { worktree } = await make("busy");
    commit(worktree.path, "kept.txt");
    git(worktree.path, "mv", "sub/a.txt", "sub/b.txt");
    writeFileSync(join(worktree.path, "kept.txt"), "changed");
    writeFileSync(join(worktree.path, "ne w.txt"), "");
    const refused = await removeWorktree(worktree);
    expect(refused).toMatchObject({ status: "failed", code: "would_lose_work" });
    expect(refused.status === "failed" ? refused.details : []).toEqual([
      "uncommitted: M kept.txt",
      "uncommitted: R sub/b.txt",
      "uncommitted: ?? ne w.txt",
      expect.stringMatching(/^only here: [0-9a-f]+ adds kept.txt$/),
    ]);
    expect(existsSync(join(worktree.path, "ne w.txt"))).toBe(true);
  });

  it("counts a commit as safe once another branch or a remote has it, and never removes a branch used elsewhere", async () => {
    const { worktree } = await make("shared");
    commit(worktree.path, "b.txt");
    git(repo, "branch", "other", "shared");
    expect(await worktreeLoss(worktree)).toEqual({ ok: true, files: [], commits: [] });
    git(worktree.path, "checkout", "-q", "--detach");
    git(repo, "checkout", "-q", "shared");
    expect(await removeWorktree(worktree)).toMatchObject({ status: "done" });
    expect(git(repo, "branch", "--show-current")).toBe("shared");
    expect(git(repo, "rev-parse", "shared")).toBe(git(repo, "rev-parse", "other"));
  });

  it("sees commits of a detached HEAD, and of a branch whose directory is gone", async () => {
    const { worktree } = await make("gone");
    git(worktree.path, "checkout", "-q", "--detach");
    commit(worktree.path, "c.txt");
    expect((await worktreeLoss(worktree)) satisfies object).toMatchObject({
      commits: [expect.stringMatching("c.txt")],
    });
    git(worktree.path, "checkout", "-q", "gone");
    commit(worktree.path, "d.txt");
    git(repo, "worktree", "remove", "--force", worktree.path);
    expect(await removeWorktree(worktree)).toMatchObject({ code: "would_lose_work" });
  });

  it("treats an unreadable worktree as full of work", async () => {
    const { worktree } = await make("broken");
    writeFileSync(join(worktree.path, ".git"), "gitdir: /nowhere\n");
    expect(await worktreeLoss(worktree)).toMatchObject({ ok: false });
    expect(await removeWorktree(worktree)).toMatchObject({ status: "failed", code: "git_failed" });
    expect(existsSync(worktree.path)).toBe(true);
  });
});

describe("describeLoss", () => {
  it("says how many more there are", () => {
    const files = Array.from({ length: 250 }, (_, i) => `M ${i}`);
    const lines = describeLoss({ ok: true, files, commits: [] });
    expect(lines).toHaveLength(100);
    expect(lines[99]).toBe("… and 151 more");
  });
});

describe("parseStatus", () => {
  it("reads renames with their origin", () => {
    expect(parseStatus("R  new\0old\0?? x y\0 M z\0")).toEqual(["R new", "?? x y", "M z"]);
  });
});
