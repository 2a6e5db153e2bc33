import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeToolRig } from "./testing/toolRig.ts";

function makeRepo() {
  const rig = makeToolRig();
  const git = (...args: string[]) =>
    execFileSync("git", [
      "-C",
      rig.root,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.com",
      "-c",
      "init.defaultBranch=main",
      ...args,
    ]);
  git("init", "-q");
  mkdirSync(join(rig.root, "sub"));
  writeFileSync(join(rig.root, "a"), "one\n");
  writeFileSync(join(rig.root, "sub/b"), "one\n");
  git("add", ".");
  git("commit", "-qm", "first");
  return { ...rig, git };
}

it("shows status and diff of the workspace, and of no more than it", async () => {
  const repo = makeRepo();
  expect(await repo.output("git_status", {})).toEqual({ ok: true, text: "## main", cut: 0, exit_code: 0 });
  expect((await repo.output("git_diff", {})).text).toBe("There is no difference.");
  writeFileSync(join(repo.root, "a"), "two\n");
  writeFileSync(join(repo.root, "sub/b"), "two\n");
  writeFileSync(join(repo.root, "nü"), "");
  expect((await repo.output("git_status", {})).text).toBe("## main\n M a\n M sub/b\n?? nü");
  expect((await repo.output("git_diff", { path: "a" })).text).toMatch(
    /^diff --git a\/a b\/a\n[^]*-one\n\+two$/,
  );
  repo.git("add", "a");
  expect((await repo.output("git_diff", { staged: true })).text).toMatch(/\+two$/);
  const below = { root: join(repo.root, "sub") };
  expect((await repo.output("git_status", {}, below)).text).toBe("## main\n M b");
  expect((await repo.output("git_diff", {}, below)).text).not.toContain("a/a ");
});

it("takes no path for an option or a pattern, and none outside", async () => {
  const repo = makeRepo();
  writeFileSync(join(repo.root, "a"), "two\n");
  symlinkSync(repo.outside, join(repo.root, "away"));
  expect((await repo.output("git_diff", { path: "--output=pwned" })).text).toBe("There is no difference.");
  expect((await repo.output("git_diff", { path: ":(top)a" })).text).toBe("There is no difference.");
  expect(existsSync(join(repo.root, "pwned"))).toBe(false);
  for (const path of ["../out", "away", "/etc/passwd"]) {
    expect(await repo.run("git_diff", { path })).toMatchObject({
      status: "failed",
      code: "outside_workspace",
    });
  }
  expect(await repo.run("git_diff", { path: repo.outside }, { outside: [repo.outside] })).toMatchObject({
    status: "failed",
  });
});

it("runs nothing that the repository names, and takes no look-alike for one", async () => {
  const repo = makeRepo();
  const pwned = join(repo.directory, "pwned");
  const program = join(repo.directory, "run");
  writeFileSync(program, `#!/bin/sh\ntouch ${pwned}\n`, { mode: 0o755 });
  repo.git("config", "core.fsmonitor", program);
  repo.git("config", "diff.external", program);
  repo.git("config", "core.pager", program);
  repo.git("config", "diff.x.textconv", program);
  writeFileSync(join(repo.root, ".gitattributes"), "* diff=x\n");
  writeFileSync(join(repo.root, "a"), "two\n");
  await repo.output("git_status", {});
  expect((await repo.output("git_diff", {})).text).toContain("+two");
  expect(existsSync(pwned)).toBe(false);
  const bare = join(repo.outside, "bare");
  execFileSync("git", ["init", "-q", "--bare", join(repo.root, "bare")]);
  expect(await repo.output("git_status", {}, { root: join(repo.root, "bare") })).toMatchObject({ ok: false });
  expect(existsSync(bare)).toBe(false);
});

it("says so where there is no repository", async () => {
  const rig = makeToolRig();
  expect(await rig.output("git_status", {})).toMatchObject({
    ok: false,
    text: expect.stringMatching("not a git repository"),
  });
});
