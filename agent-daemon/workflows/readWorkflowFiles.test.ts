import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import type { RootRules } from "../tools/allowedRoot.ts";
import { readWorkflowFiles } from "./readWorkflowFiles.ts";

function place() {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-workflows-")));
  const [work, home, secret] = [join(base, "work"), join(base, "home"), join(base, "secret.js")];
  for (const root of [work, home]) {
    mkdirSync(join(root, ".signalbox/workflows"), { recursive: true });
    mkdirSync(join(root, ".claude/workflows"), { recursive: true });
  }
  writeFileSync(secret, "a secret");
  const rules: RootRules = {
    workspaces: [work],
    worktreesDir: join(base, "worktrees"),
    sessionDirectories: () => [],
    closed: [],
    secrets: { holds: () => false } as unknown as RootRules["secrets"],
  };
  return { base, work, home, secret, rules };
}

test("scripts of the project come before those of the home directory; links are not followed", async ({
  expect,
}) => {
  const { work, home, secret, rules } = place();
  writeFileSync(join(work, ".claude/workflows/b.js"), "of claude");
  writeFileSync(join(work, ".signalbox/workflows/a.js"), "of the project");
  writeFileSync(join(work, ".signalbox/workflows/notes.md"), "no script");
  symlinkSync(secret, join(work, ".signalbox/workflows/link.js"));
  writeFileSync(join(home, ".signalbox/workflows/c.js"), "x".repeat(2_000_000));
  const { items } = await readWorkflowFiles(work, rules, home);
  expect(items.map(({ path, place, script }) => [path.split("/").at(-1), place, script])).toEqual([
    ["a.js", "project", "of the project"],
    ["link.js", "project", null],
    ["b.js", "project", "of claude"],
    ["c.js", "home", null],
  ]);
  expect(items[1]?.problem).toMatch(/not a plain file/);
  expect(items[3]?.problem).toMatch(/at most/);
});

test("a directory that is no workspace shows only the home directory's", async ({ expect }) => {
  const { base, home, rules } = place();
  writeFileSync(join(home, ".claude/workflows/d.js"), "of the home");
  mkdirSync(join(base, "elsewhere/.signalbox/workflows"), { recursive: true });
  writeFileSync(join(base, "elsewhere/.signalbox/workflows/e.js"), "of nobody");
  for (const directory of [join(base, "elsewhere"), "/nowhere", undefined])
    expect((await readWorkflowFiles(directory, rules, home)).items.map(({ script }) => script)).toEqual([
      "of the home",
    ]);
});
