import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tempDir } from "../testing/tempDir.ts";
import { allowedRoot } from "./allowedRoot.ts";
import { confine, resolveOutside } from "./confine.ts";
import { holdDirectory } from "./holdDirectory.ts";
import { NO_SECRETS } from "./secretPlaces.ts";

function makePlace() {
  const directory = realpathSync(tempDir());
  const [root, out] = [join(directory, "ws"), join(directory, "out")];
  mkdirSync(join(root, "sub"), { recursive: true });
  mkdirSync(join(out, "deep"), { recursive: true });
  writeFileSync(join(root, "sub/file"), "");
  writeFileSync(join(out, "secret"), "");
  return { directory, root, out, place: { root, outside: [], closed: [], secrets: NO_SECRETS } };
}

it("takes what is in the root: relative, absolute, through links and dots that stay inside, and what is to be made", async () => {
  const { root, place } = makePlace();
  symlinkSync("sub", join(root, "inner"));
  for (const [path, real] of [
    [".", ""],
    ["sub/file", "/sub/file"],
    ["./sub//file", "/sub/file"],
    [`${root}/sub`, "/sub"],
    ["sub/../sub/file", "/sub/file"],
    ["inner/file", "/sub/file"],
    ["inner/new/deeper", "/sub/new/deeper"],
    ["..data", "/..data"],
    ["-rf", "/-rf"],
  ] as const) {
    expect(await confine(place, path, "read"), path).toEqual({ ok: true, path: `${root}${real}` });
  }
});

it("refuses every way out: dots, absolute paths, links to files, directories and nothing, line feeds and NULs", async () => {
  const { directory, root, out, place } = makePlace();
  symlinkSync(out, join(root, "away"));
  symlinkSync("../out/secret", join(root, "leak"));
  symlinkSync(join(out, "not-yet"), join(root, "dangling"));
  symlinkSync("loop", join(root, "loop"));
  // Node's own join would take this for the root; the system does not.
  symlinkSync(join(out, "deep"), join(root, "deep"));
  mkdirSync(join(directory, "ws-other"));
  const ways = [
    "..",
    "../out/secret",
    "sub/../../out",
    "missing/../../out/secret",
    out,
    "/etc/passwd",
    "/",
    `${root}/../out`,
    `${root}-other`,
    "away",
    "away/secret",
    "away/new",
    "leak",
    "dangling",
    "deep/../secret",
    "sub\n/etc/passwd",
    "sub\0",
    "a\rb",
  ];
  for (const path of ways) {
    for (const use of ["read", "write"] as const) {
      expect(await confine(place, path, use), path).toMatchObject({ ok: false, code: "outside_workspace" });
    }
  }
  for (const path of ["loop", "sub/file/../../..", "sub/file/x"]) {
    expect(await confine(place, path, "read"), path).toMatchObject({ ok: false });
  }
  expect(await confine(place, "leak", "read")).toMatchObject({
    message: `leak is outside of the workspace ${root} (it leads to ${out}/secret).`,
  });
});

it("lets read, and never write, what was granted outside; a grant for a link inside opens nothing", async () => {
  const { root, out } = makePlace();
  symlinkSync(out, join(root, "away"));
  const outside = await resolveOutside(
    root,
    [join(out, "deep"), join(root, "away"), "relative", "/missing/x", "/a\0b"],
    NO_SECRETS,
  );
  expect(outside).toEqual([join(out, "deep")]);
  const place = { root, outside, closed: [], secrets: NO_SECRETS };
  expect(await confine(place, join(out, "deep/x"), "read")).toMatchObject({ ok: true });
  expect(await confine(place, join(out, "deep/x"), "write")).toMatchObject({ ok: false });
  expect(await confine(place, join(out, "secret"), "read")).toMatchObject({ ok: false });
  expect(await confine(place, join(out, "deeper"), "read")).toMatchObject({ ok: false });
});

it("keeps the daemon's files closed, and .git for git alone", async () => {
  const { root } = makePlace();
  const place = { root, outside: [], closed: [join(root, "state")], secrets: NO_SECRETS };
  expect(await confine(place, "state/token", "read")).toMatchObject({ ok: false, code: "closed" });
  expect(await confine(place, "statement", "read")).toMatchObject({ ok: true });
  expect(await confine(place, ".git/config", "read")).toMatchObject({ ok: true });
  for (const path of [".git", ".git/hooks/pre-commit", "sub/.GIT/config"]) {
    expect(await confine(place, path, "write"), path).toMatchObject({ ok: false, code: "closed" });
  }
  expect(await confine(place, ".gitignore", "write")).toMatchObject({ ok: true });
});

it("does not enter a directory that became a link after it was resolved", async () => {
  const { root, out, place } = makePlace();
  const confined = await confine(place, "sub", "read");
  if (!confined.ok) throw new Error(confined.message);
  renameSync(join(root, "sub"), join(root, "was"));
  symlinkSync(out, join(root, "sub"));
  await expect(holdDirectory(confined.path)).rejects.toMatchObject({
    code: expect.stringMatching(/^(ENOTDIR|ELOOP)$/),
  });
  await expect(holdDirectory(join(confined.path, "new"), true)).rejects.toMatchObject({
    code: expect.any(String),
  });
  rmSync(join(root, "sub"));
  renameSync(join(root, "was"), join(root, "sub"));
  const held = await holdDirectory(confined.path);
  // What is held stays the same directory, wherever its name leads by now.
  renameSync(join(root, "sub"), join(root, "was"));
  symlinkSync(out, join(root, "sub"));
  expect(realpathSync(held.at("file"))).toBe(join(root, "was/file"));
  await held.close();
});

it("takes a root in a workspace, a worktree, or that is a session's own directory; and says why no other", async () => {
  const { directory, root, out } = makePlace();
  mkdirSync(join(directory, "trees/repo"), { recursive: true });
  mkdirSync(join(root, "state"));
  symlinkSync(out, join(root, "away"));
  const rules = {
    workspaces: [root, "/missing", "relative"],
    worktreesDir: join(directory, "trees"),
    sessionDirectories: () => [join(out, "deep"), "/"],
    closed: [join(root, "state")],
    secrets: NO_SECRETS,
  };
  for (const path of [
    root,
    join(root, "sub"),
    join(directory, "trees/repo"),
    join(out, "deep"),
    `${root}/sub/../sub`,
  ]) {
    expect(await allowedRoot(rules, path), path).toMatchObject({ ok: true });
  }
  for (const path of [
    "/",
    out,
    directory,
    "/etc",
    join(root, "away"),
    join(root, "state"),
    join(root, "sub/file"),
    join(root, "no"),
    "sub",
    `${root}\0`,
  ]) {
    expect(await allowedRoot(rules, path), path).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^.+\.$/),
    });
  }
  mkdirSync(join(out, "deep/below"));
  expect(await allowedRoot(rules, join(out, "deep/below"))).toMatchObject({ ok: false });
  // The root is given back without links, so that nothing later goes through one.
  symlinkSync(root, join(directory, "alias"));
  expect(await allowedRoot(rules, join(directory, "alias/sub"))).toEqual({
    ok: true,
    root: join(root, "sub"),
  });
});
