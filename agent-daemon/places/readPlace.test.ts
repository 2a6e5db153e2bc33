import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, onTestFinished, test } from "vitest";
import type { RootRules } from "../tools/allowedRoot.ts";
import { readPlace } from "./readPlace.ts";

let base: string;
let rules: RootRules;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-place-")));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  for (const name of ["work/relay", "work/release", "work/.hidden", "work/closed", "other"])
    mkdirSync(join(base, name), { recursive: true });
  writeFileSync(join(base, "work/readme"), "");
  execFileSync("git", ["-C", join(base, "work/relay"), "init", "-q", "-b", "main"]);
  rules = {
    workspaces: [join(base, "work")],
    worktreesDir: join(base, "trees"),
    sessionDirectories: () => [],
    closed: [join(base, "work/closed")],
    secrets: { holds: () => false, names: [], paths: [] },
  };
});

describe("a place", () => {
  test("says whether it is there, in a repository, and in a workspace", async ({ expect }) => {
    expect(await readPlace(join(base, "work/relay"), rules)).toMatchObject({
      exists: true,
      workspace: true,
      why: null,
      repo: join(base, "work/relay"),
      branch: "main",
    });
    expect(await readPlace(join(base, "other"), rules)).toMatchObject({
      exists: true,
      workspace: false,
      why: expect.stringMatching(/is not a workspace of this host.*Workspaces: .*work/s),
      repo: null,
    });
    expect(await readPlace(join(base, "nowhere"), rules)).toMatchObject({ exists: false, workspace: false });
    expect(await readPlace(join(base, "work/readme"), rules)).toMatchObject({ exists: false });
  });

  test("goes on with the directories that begin so, without what is closed or hidden", async ({ expect }) => {
    const names = async (typed: string) =>
      (await readPlace(join(base, typed), rules)).completions.map(({ path, repo }) => [
        path.slice(base.length + 1),
        repo,
      ]);
    expect(await names("work/rel")).toEqual([
      ["work/relay", true],
      ["work/release", false],
    ]);
    expect(await readPlace(`${base}/work/`, rules)).toMatchObject({ completions: { length: 2 } });
    expect(await names("work/.h")).toEqual([["work/.hidden", false]]);
    expect(await names("nowhere/x")).toEqual([]);
  });
});
