import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, onTestFinished, test } from "vitest";
import type { Worktree } from "../../protocol/session.ts";
import { addWorktree } from "./addWorktree.ts";
import { removeWorktree } from "./removeWorktree.ts";
import { snapshotWorktree } from "./snapshotWorktree.ts";

let base: string;
let repo: string;
let tree: Worktree;

function git(directory: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  const allowed = ["-c", "protocol.file.allow=always"];
  return execFileSync("git", ["-C", directory, ...identity, ...allowed, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}
const put = (path: string, text: string) => writeFileSync(join(tree.path, path), text);
const at = (commit: string, path: string) => git(repo, "show", `${commit}:${path}`);
const names = (commit: string) => git(repo, "ls-tree", "-r", "--name-only", commit).split("\n");
/** Everything of the worktree that a snapshot must leave alone. */
const untouched = () => ({
  index: readFileSync(git(tree.path, "rev-parse", "--path-format=absolute", "--git-path", "index")).toString(
    "hex",
  ),
  status: git(tree.path, "status", "--porcelain", "--ignored"),
  refs: git(repo, "for-each-ref", "refs/heads", "refs/tags", "refs/stash"),
  head: git(tree.path, "rev-parse", "HEAD"),
});
async function snapshot() {
  const before = untouched();
  const taken = await snapshotWorktree(tree);
  if (!taken.ok) throw new Error(`${taken.code}: ${taken.message}`);
  const after = untouched();
  if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error("The snapshot changed the worktree.");
  return taken.snapshot;
}
const snapshots = () =>
  git(repo, "for-each-ref", "--format=%(refname)", "refs/signalbox").split("\n").filter(Boolean);

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-snapshot-")));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  repo = join(base, "my repo");
  mkdirSync(repo);
  git(repo, "init", "-q");
  writeFileSync(join(repo, "a.txt"), "a\n");
  writeFileSync(join(repo, "b.txt"), "b\n");
  writeFileSync(join(repo, ".gitignore"), "*.log\nbuild/\n");
  git(repo, "add", ".");
  git(repo, "commit", "-qm", "first");
  const added = await addWorktree({ cwd: repo, branch: "fix/one", worktreesDir: join(base, "worktrees") });
  if (!added.ok) throw new Error(added.message);
  tree = added.worktree;
});

describe("a snapshot of a worktree", () => {
  test("holds what is staged, what is not, and what is untracked; ignored files stay where they are", async ({
    expect,
  }) => {
    put("a.txt", "staged\n");
    git(tree.path, "add", "a.txt");
    put("a.txt", "staged, then changed\n");
    rmSync(join(tree.path, "b.txt"));
    mkdirSync(join(tree.path, "new dir"));
    put("new dir/ü.txt", "new\n");
    put("noise.log", "ignored\n");
    const { ref, commit } = await snapshot();
    expect(ref).toMatch(/^refs\/signalbox\/snapshots\/fix\/one-\d{8}T\d{6}Z$/);
    expect(git(repo, "rev-parse", ref)).toBe(commit);
    expect(at(commit, "a.txt")).toBe("staged, then changed");
    expect(at(commit, "new dir/ü.txt")).toBe("new");
    expect(names(commit)).not.toContain("b.txt");
    expect(names(commit)).not.toContain("noise.log");
    // Below it, what was staged, on what was committed.
    expect(at(`${commit}^`, "a.txt")).toBe("staged");
    expect(git(repo, "rev-parse", `${commit}^^`)).toBe(git(tree.path, "rev-parse", "HEAD"));
    expect(statSync(join(tree.path, "noise.log")).isFile()).toBe(true);
  });

  test("is the same one as long as nothing changes, and another when something does", async ({ expect }) => {
    put("a.txt", "changed\n");
    const first = await snapshot();
    expect(await snapshot()).toEqual(first);
    put("a.txt", "again\n");
    expect((await snapshot()).commit).not.toBe(first.commit);
    expect(snapshots()).toHaveLength(2);
  });

  test("comes back by the line that is shown", async ({ expect }) => {
    put("a.txt", "changed\n");
    put("new.txt", "new\n");
    const { restore } = await snapshot();
    expect((await removeWorktree(tree, { snapshot: true })).status).toBe("done");
    expect(existsSync(tree.path)).toBe(false);
    expect(git(repo, "branch", "--list", "fix/one")).toBe("");
    execFileSync("bash", ["-c", restore], { stdio: "pipe" });
    const back = git(repo, "worktree", "list", "--porcelain").split("worktree ").at(-1)?.split("\n")[0] ?? "";
    expect(readFileSync(join(back, "a.txt"), "utf8")).toBe("changed\n");
    expect(readFileSync(join(back, "new.txt"), "utf8")).toBe("new\n");
  });

  test("keeps both sides of a conflict that is in progress", async ({ expect }) => {
    put("a.txt", "ours\n");
    git(tree.path, "commit", "-qam", "ours");
    git(repo, "branch", "theirs", "main");
    const theirs = join(base, "theirs");
    git(repo, "worktree", "add", "-q", theirs, "theirs");
    writeFileSync(join(theirs, "a.txt"), "theirs\n");
    git(theirs, "commit", "-qam", "theirs");
    const other = git(theirs, "rev-parse", "HEAD");
    git(repo, "worktree", "remove", "--force", theirs);
    try {
      git(tree.path, "merge", "theirs");
    } catch {
      // the conflict is what is wanted
    }
    git(repo, "branch", "-qD", "theirs");
    expect((await removeWorktree(tree)).status).toBe("failed");
    const { commit } = await snapshot();
    expect(at(commit, "a.txt")).toMatch(/<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> theirs/);
    expect(git(repo, "log", "--format=%P", "-1", commit).split(" ")).toEqual([
      git(tree.path, "rev-parse", "HEAD"),
      other,
    ]);
  });

  test("keeps the commits of a detached HEAD, and of the branch it came from", async ({ expect }) => {
    put("a.txt", "on the branch\n");
    git(tree.path, "commit", "-qam", "on the branch");
    const branch = git(tree.path, "rev-parse", "HEAD");
    git(tree.path, "checkout", "-q", "--detach", "main");
    put("b.txt", "detached\n");
    git(tree.path, "commit", "-qam", "detached");
    const detached = git(tree.path, "rev-parse", "HEAD");
    const { commit } = await snapshot();
    expect((await removeWorktree(tree, { snapshot: true })).status).toBe("done");
    for (const kept of [branch, detached])
      expect(git(repo, "merge-base", "--is-ancestor", kept, commit)).toBe("");
    expect(git(repo, "branch", "--list", "fix/one")).toBe("");
  });

  test("is refused where a repository of its own is inside: a submodule, a clone", async ({ expect }) => {
    const library = join(base, "library");
    mkdirSync(library);
    git(library, "init", "-q");
    git(library, "commit", "-q", "--allow-empty", "-m", "library");
    git(tree.path, "clone", "-q", library, "clone");
    expect(await removeWorktree(tree, { snapshot: true })).toMatchObject({
      code: "has_repositories",
      message: expect.stringContaining("clone"),
      details: ["uncommitted: ?? clone/"],
    });
    rmSync(join(tree.path, "clone"), { recursive: true });
    git(tree.path, "submodule", "add", "-q", library, "sub");
    writeFileSync(join(tree.path, "sub", "only here.txt"), "work");
    expect(await removeWorktree(tree, { snapshot: true })).toMatchObject({ code: "has_repositories" });
    expect(existsSync(join(tree.path, "sub", "only here.txt"))).toBe(true);
    expect(snapshots()).toEqual([]);
  });
});

describe("removing a worktree", () => {
  test("keeps one with work unless a snapshot is wanted, and says where that is", async ({ expect }) => {
    put("new.txt", "work\n");
    put("noise.log", "ignored\n");
    const refused = await removeWorktree(tree);
    expect(refused).toMatchObject({ code: "would_lose_work", details: ["uncommitted: ?? new.txt"] });
    expect(snapshots()).toEqual([]);
    const done = await removeWorktree(tree, { snapshot: true });
    expect(done).toMatchObject({ status: "done", value: { type: "worktree_removed" } });
    const [ref] = snapshots();
    expect(done).toMatchObject({
      value: { snapshot: { ref, repo, commit: git(repo, "rev-parse", ref ?? "") } },
    });
    expect(at(ref ?? "", "new.txt")).toBe("work");
    // A second time there is nothing left to do, and nothing more is kept.
    expect(await removeWorktree(tree, { snapshot: true })).toMatchObject({ value: { type: "nothing" } });
    expect(snapshots()).toHaveLength(1);
  });

  test("that is killed at any moment loses nothing, and is finished by the next one", async ({ expect }) => {
    for (let n = 0; n < 200; n++) put(`file ${n}.txt`, `work ${n}\n`);
    const program = join(import.meta.dirname, "testing/removeUntilKilled.ts");
    const child = spawn(process.execPath, [program, JSON.stringify(tree)], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    while (child.exitCode === null && snapshots().length === 0) await sleep(1);
    child.kill("SIGKILL");
    await ended;
    const [ref = ""] = snapshots();
    // What is not in the worktree any more is in the ref.
    expect(names(ref)).toHaveLength(203);
    expect(at(ref, "file 199.txt")).toBe("work 199");
    const left = await removeWorktree(tree, { snapshot: true });
    expect(left).toMatchObject({ status: "done" });
    expect(existsSync(tree.path)).toBe(false);
    expect(names(ref)).toHaveLength(203);
  });

  test("makes no snapshot where there is nothing to keep", async ({ expect }) => {
    put("noise.log", "ignored\n");
    expect(await removeWorktree(tree, { snapshot: true })).toMatchObject({ value: { type: "nothing" } });
    expect(existsSync(tree.path)).toBe(false);
    expect(snapshots()).toEqual([]);
  });

  test("that was killed after its snapshot goes on with that one", async ({ expect }) => {
    put("new.txt", "work\n");
    const { ref } = await snapshot();
    expect(await removeWorktree(tree, { snapshot: true })).toMatchObject({ value: { snapshot: { ref } } });
    expect(snapshots()).toEqual([ref]);
  });

  test("gives up where something goes on writing, and nothing is lost", async ({ expect }) => {
    let written = "";
    const write = () => appendFileSync(join(tree.path, "new.txt"), (written += "x").slice(-1));
    write();
    const writer = setInterval(write, 2);
    const result = await removeWorktree(tree, { snapshot: true }).finally(() => clearInterval(writer));
    expect(result).toMatchObject({ status: "failed", code: "changing" });
    expect(readFileSync(join(tree.path, "new.txt"), "utf8")).toBe(written);
  });

  test("keeps commits that are nowhere else", async ({ expect }) => {
    put("a.txt", "mine\n");
    git(tree.path, "commit", "-qam", "only here");
    const done = await removeWorktree(tree, { snapshot: true });
    expect(done).toMatchObject({ status: "done" });
    const [ref] = snapshots();
    expect(at(ref ?? "", "a.txt")).toBe("mine");
    expect(git(repo, "branch", "--list", "fix/one")).toBe("");
  });

  test("takes what git is in the middle of for work", async ({ expect }) => {
    const gitDir = git(tree.path, "rev-parse", "--absolute-git-dir");
    writeFileSync(join(gitDir, "BISECT_LOG"), "git bisect start\n");
    expect(await removeWorktree(tree)).toMatchObject({
      code: "would_lose_work",
      details: ["in progress: bisect"],
    });
  });
});
