import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, onTestFinished, test } from "vitest";
import { MAX_CHANGED_FILES } from "../../protocol/changes.ts";
import { MAX_FRAME_BYTES } from "../../protocol/limits.ts";
import { addWorktree } from "../worktrees/addWorktree.ts";
import { readChanges, type ReadChanges } from "./readChanges.ts";

let base: string;
let repo: string;

function git(directory: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  const allowed = ["-c", "protocol.file.allow=always"];
  return execFileSync("git", ["-C", directory, ...identity, ...allowed, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

const put = (path: string, text: string | Buffer) => writeFileSync(join(repo, path), text);
function commit(message = "more"): string {
  git(repo, "add", "-A");
  git(repo, "commit", "-qm", message);
  return git(repo, "rev-parse", "HEAD");
}
const look = (request: Partial<ReadChanges> = {}) =>
  readChanges({ directory: repo, worktree: null, whole: true, isSecret: () => false, ...request });
const files = async (request: Partial<ReadChanges> = {}) =>
  Object.fromEntries((await look(request)).files.map(({ path, ...rest }) => [path, rest]));

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-changes-")));
  repo = join(base, "re po");
  mkdirSync(repo);
  git(repo, "init", "-q");
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
});

describe("the changes of a directory", () => {
  test("are told file by file: changed, new, deleted, renamed, staged, of another mode", async ({
    expect,
  }) => {
    put("kept.ts", "one\ntwo\nthree\n");
    put("gone.ts", "gone\n");
    put("old.ts", Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join(""));
    put("run.sh", "echo\n");
    put("part.ts", "a\n");
    const head = commit();
    put("kept.ts", "one\n2\nthree\n");
    rmSync(join(repo, "gone.ts"));
    git(repo, "mv", "old.ts", "new.ts");
    chmodSync(join(repo, "run.sh"), 0o755);
    put("part.ts", "b\n");
    git(repo, "add", "part.ts");
    put("part.ts", "c\n");
    put("fresh.ts", "fresh\nlines");
    expect(await look()).toEqual({
      status: "changes",
      root: repo,
      inside: "",
      branch: "main",
      base: { commit: head, kind: "head" },
      more: 0,
      files: [
        {
          path: "fresh.ts",
          kind: "untracked",
          staged: "none",
          added: 2,
          removed: 0,
          patch: "@@ -0,0 +1,2 @@\n+fresh\n+lines\n\\ No newline at end of file",
        },
        {
          path: "gone.ts",
          kind: "deleted",
          staged: "none",
          added: 0,
          removed: 1,
          patch: "@@ -1 +0,0 @@\n-gone",
        },
        {
          path: "kept.ts",
          kind: "modified",
          staged: "none",
          added: 1,
          removed: 1,
          patch: "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three",
        },
        { path: "new.ts", from: "old.ts", kind: "renamed", staged: "all", added: 0, removed: 0, patch: "" },
        {
          path: "part.ts",
          kind: "modified",
          staged: "some",
          added: 1,
          removed: 1,
          patch: "@@ -1 +1 @@\n-a\n+c",
        },
        {
          path: "run.sh",
          kind: "modified",
          staged: "none",
          added: 0,
          removed: 0,
          mode: { before: "100644", after: "100755" },
          patch: "",
        },
      ],
    });
  });

  test("leave the index as it is, and files that were only touched out", async ({ expect }) => {
    put("a.ts", "a\n");
    commit();
    const index = readFileSync(join(repo, ".git/index"));
    utimesSync(join(repo, "a.ts"), 1, 1);
    put("new.ts", "new\n");
    expect(Object.keys(await files())).toEqual(["new.ts"]);
    expect(readFileSync(join(repo, ".git/index")).equals(index)).toBe(true);
  });

  test("carry any name", async ({ expect }) => {
    const names = ["sp ace", "new\nline", 'quo"te', "tab\tin", "ümläut", "-dash", "a => b", "b/diff --git a"];
    mkdirSync(join(repo, "b"));
    for (const name of names) put(name, "before\n");
    put("moved from\n", "1\n2\n3\n4\n5\n");
    commit();
    for (const name of names) put(name, "after\n--- a/x\n+++ b/x\ndiff --git a/x b/x\n");
    renameSync(join(repo, "moved from\n"), join(repo, 'moved "to"'));
    git(repo, "add", "-A");
    put("unknown\nfile", "");
    const found = await files();
    expect(Object.keys(found).sort()).toEqual([...names, 'moved "to"', "unknown\nfile"].sort());
    for (const name of names)
      expect(found[name]).toMatchObject({
        added: 4,
        removed: 1,
        patch: "@@ -1 +1,4 @@\n-before\n+after\n+--- a/x\n++++ b/x\n+diff --git a/x b/x",
      });
    expect(found['moved "to"']).toMatchObject({ kind: "renamed", from: "moved from\n" });
  });

  test("are told before there is a commit, and on no branch", async ({ expect }) => {
    put("staged.ts", "a\n");
    git(repo, "add", "staged.ts");
    put("loose.ts", "b\n");
    expect(await look()).toMatchObject({
      branch: "main",
      base: null,
      files: [
        { path: "loose.ts", kind: "untracked" },
        { path: "staged.ts", kind: "added", staged: "all", added: 1 },
      ],
    });
    const head = commit();
    git(repo, "checkout", "-q", "--detach");
    expect(await look()).toMatchObject({ branch: null, base: { commit: head }, files: [] });
  });

  test("name conflicts, submodules, links and repositories within", async ({ expect }) => {
    const other = join(base, "other");
    mkdirSync(other);
    git(other, "init", "-q");
    writeFileSync(join(other, "f"), "1");
    git(other, "add", "f");
    git(other, "commit", "-qm", "1");
    git(repo, "submodule", "--quiet", "add", other, "sub");
    put("both.ts", "base\n");
    put("theirs.ts", "base\n");
    put("link", "a file\n");
    commit();
    git(repo, "checkout", "-qb", "side");
    put("both.ts", "side\n");
    put("theirs.ts", "side\n");
    commit("side");
    git(repo, "checkout", "-q", "main");
    put("both.ts", "main\n");
    rmSync(join(repo, "theirs.ts"));
    commit("main");
    expect(() => git(repo, "merge", "side")).toThrow();
    writeFileSync(join(repo, "sub/f"), "2");
    expect((await files()).sub).toBeUndefined();
    git(join(repo, "sub"), "commit", "-qam", "2");
    rmSync(join(repo, "link"));
    symlinkSync("/etc/passwd", join(repo, "link"));
    symlinkSync("/etc/passwd", join(repo, "out"));
    git(base, "clone", "-q", other, join(repo, "within"));
    const found = await files();
    expect(found["both.ts"]).toMatchObject({ kind: "conflict", staged: null });
    expect(found["both.ts"]?.patch).toContain("+>>>>>>> side");
    expect(found["theirs.ts"]).toMatchObject({ kind: "conflict" });
    expect(found.sub).toMatchObject({
      kind: "submodule",
      patch: expect.stringContaining("Subproject commit"),
    });
    expect(found.link).toMatchObject({ kind: "type", patch: expect.stringContaining("-a file\n") });
    expect(found.link?.patch).toContain("+/etc/passwd");
    // Where a link leads is told, and never what is there.
    expect(found.out?.patch).toBe("@@ -0,0 +1,1 @@\n+/etc/passwd\n\\ No newline at end of file");
    expect(found["within/"]).toMatchObject({ kind: "submodule", patch: "" });
  });

  test("say what is binary, too large, secret or no file at all", async ({ expect }) => {
    put("known.bin", Buffer.from([0, 1, 2]));
    put("known.txt", "small\n");
    put("long.txt", "short\n");
    commit();
    put("known.bin", Buffer.from([0, 1, 3]));
    put("known.txt", "x".repeat(3_000_000));
    put("long.txt", "a line of a long file\n".repeat(10_000));
    put("new.bin", Buffer.from([0, 1, 2]));
    put("new.txt", "x\n".repeat(1_000_000));
    put(".env", "TOKEN=1\n");
    execFileSync("mkfifo", [join(repo, "pipe")]);
    const found = await files({ isSecret: (path) => path === join(repo, ".env") });
    expect(Object.entries(found).map(([path, { hidden }]) => [path, hidden])).toEqual([
      [".env", "secret"],
      ["known.bin", "binary"],
      ["known.txt", "too_big"],
      ["long.txt", "too_big"],
      ["new.bin", "binary"],
      ["new.txt", "too_big"],
    ]);
    expect(found["long.txt"]).toMatchObject({ added: 10_000, removed: 1, patch: null });
    expect(JSON.stringify(found)).not.toContain("TOKEN");
  });

  test("fit an answer however many there are, whatever is in them", async ({ expect }) => {
    for (let n = 0; n < 700; n++) put(`${"n".repeat(200)}${n}`, "\u001b".repeat(n * 20));
    const changes = await look();
    expect(changes.files).toHaveLength(MAX_CHANGED_FILES);
    expect(changes.more).toBe(200);
    expect(JSON.stringify(changes).length).toBeLessThan(MAX_FRAME_BYTES - 1024);
    expect(changes.files.filter(({ hidden }) => hidden === "no_room").length).toBeGreaterThan(10);
    expect(changes.files.filter(({ patch }) => patch !== null).length).toBeGreaterThan(50);
  });

  test("of a part are of that part alone; of a place without a repository there are none", async ({
    expect,
  }) => {
    mkdirSync(join(repo, "in side"));
    put("in side/a.ts", "a\n");
    put("b.ts", "b\n");
    commit();
    put("in side/a.ts", "A\n");
    put("in side/new.ts", "new\n");
    put("b.ts", "B\n");
    put("c.ts", "c\n");
    const part = await look({ directory: join(repo, "in side"), whole: false });
    expect(part).toMatchObject({ root: repo, inside: "in side" });
    expect(part.files.map(({ path }) => path)).toEqual(["in side/a.ts", "in side/new.ts"]);
    expect((await look({ directory: join(repo, "in side") })).files).toHaveLength(4);
    await expect(look({ directory: base })).rejects.toMatchObject({ code: "not_a_repository" });
    await expect(look({ directory: join(repo, "nowhere") })).rejects.toMatchObject({ code: "no_directory" });
    await expect(look({ directory: join(repo, ".git") })).rejects.toMatchObject({ code: "not_a_repository" });
  });

  test("run nothing of the repository's", async ({ expect }) => {
    put("a.txt", "a\n");
    put(".gitattributes", "*.txt diff=evil\n");
    commit();
    put("a.txt", "b\n");
    const ran = join(base, "ran");
    const script = join(base, "evil");
    writeFileSync(script, `#!/bin/sh\ntouch "${ran}"\ncat "$1"\n`, { mode: 0o755 });
    git(repo, "config", "diff.external", script);
    git(repo, "config", "diff.evil.command", script);
    git(repo, "config", "diff.evil.textconv", script);
    git(repo, "config", "core.fsmonitor", script);
    for (const setting of ["diff.noprefix", "diff.mnemonicPrefix", "color.diff", "diff.suppressBlankEmpty"])
      git(repo, "config", setting, setting === "color.diff" ? "always" : "true");
    const outside = { GIT_EXTERNAL_DIFF: script, GIT_DIR: base, GIT_INDEX_FILE: join(base, "index") };
    for (const [name, value] of Object.entries(outside)) process.env[name] = value;
    onTestFinished(() => {
      for (const name of Object.keys(outside)) delete process.env[name];
    });
    expect(await look()).toMatchObject({
      root: repo,
      files: [{ path: "a.txt", patch: "@@ -1 +1 @@\n-a\n+b" }],
    });
    expect(() => readFileSync(ran)).toThrow();
  });
});

describe("the changes of a worktree", () => {
  test("are against where its branch began, with what was committed since", async ({ expect }) => {
    put("a.ts", "a\n");
    const first = commit();
    const added = await addWorktree({ cwd: repo, branch: "feature", worktreesDir: join(base, "worktrees") });
    if (!added.ok) throw new Error(added.message);
    const { worktree } = added;
    const request = { directory: worktree.path, worktree };
    expect(await look(request)).toMatchObject({ base: { commit: first, kind: "fork" }, files: [] });
    writeFileSync(join(worktree.path, "committed.ts"), "c\n");
    git(worktree.path, "add", "-A");
    git(worktree.path, "commit", "-qm", "its own");
    writeFileSync(join(worktree.path, "loose.ts"), "l\n");
    // The branch it came from goes on: none of that is the session's.
    put("main.ts", "m\n");
    const second = commit();
    expect(await files(request)).toMatchObject({
      "committed.ts": { kind: "added", staged: null },
      "loose.ts": { kind: "untracked" },
    });
    git(worktree.path, "rebase", "-q", "main");
    const rebased = await look(request);
    expect(rebased).toMatchObject({ branch: "feature", base: { commit: second, kind: "fork" } });
    expect(rebased.files.map(({ path }) => path)).toEqual(["committed.ts", "loose.ts"]);
  });
});
