import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { gitStates } from "./gitStates.ts";
import { limitConcurrency } from "./limitConcurrency.ts";

function git(directory: string, ...args: string[]): void {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  execFileSync("git", ["-C", directory, ...identity, ...args]);
}

function makeRepo(): string {
  const repo = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-git-")));
  git(repo, "init", "-q");
  mkdirSync(join(repo, "sub"));
  writeFileSync(join(repo, "sub", "a"), "a");
  git(repo, "add", ".");
  git(repo, "commit", "-qm", "a");
  return repo;
}

describe("gitStates", () => {
  it("knows branch and dirty count, and looks again only when something says so", async () => {
    const repo = makeRepo();
    const cwd = join(repo, "sub");
    let now = 1_000_000;
    const onChange = vi.fn();
    const states = gitStates({ clock: () => now, onChange });
    expect(states.state(cwd)).toBeNull();
    states.touch(cwd, now);
    await vi.waitFor(() => expect(states.state(cwd)).toEqual({ root: repo, branch: "main", dirty: 0 }));

    // a file changed, nothing told git: seen only after a while, and only because somebody was active
    writeFileSync(join(repo, "new"), "");
    now += 10_000;
    states.touch(cwd, now);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(onChange).toHaveBeenCalledTimes(1);
    now += 11_000;
    states.touch(cwd, now - 15_000);
    await vi.waitFor(() => expect(states.state(cwd)?.dirty).toBe(1));

    // a branch changed: seen at the next look
    git(repo, "checkout", "-qb", "topic/x");
    now += 100;
    states.touch(cwd, 0);
    await vi.waitFor(() => expect(states.state(cwd)?.branch).toBe("topic/x"));
    git(repo, "checkout", "-q", "--detach");
    states.touch(cwd, 0);
    await vi.waitFor(() => expect(states.state(cwd)?.branch).toBeNull());
    states.stop();
  });

  it("follows a worktree's own HEAD and leaves places without a repository alone", async () => {
    const repo = makeRepo();
    const worktree = `${repo}-worktree`;
    git(repo, "worktree", "add", "-q", "-b", "side", worktree);
    const states = gitStates({ clock: () => 1_000_000, onChange: () => {} });
    states.touch(worktree, 0);
    states.touch("/nowhere/at/all", 0);
    await vi.waitFor(() =>
      expect(states.state(worktree)).toEqual({ root: worktree, branch: "side", dirty: 0 }),
    );
    expect(states.state("/nowhere/at/all")).toBeNull();
    states.stop();
  });

  it("never runs a program that the repository names", async () => {
    const repo = makeRepo();
    const trap = join(repo, "trap.sh");
    writeFileSync(trap, `#!/bin/sh\ntouch ${repo}/sprung\n`);
    chmodSync(trap, 0o755);
    git(repo, "config", "core.fsmonitor", trap);
    const states = gitStates({ clock: () => 1_000_000, onChange: () => {} });
    states.touch(repo, 0);
    await vi.waitFor(() => expect(states.state(repo)?.dirty).toBe(1));
    states.stop();
  });
});

describe("limitConcurrency", () => {
  it("never runs more than allowed, and goes on after a failure", async () => {
    const limit = limitConcurrency(2);
    let running = 0;
    let most = 0;
    const work = (n: number) =>
      limit(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        if (n === 1) throw new Error("no");
        return n;
      });
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
    expect(most).toBe(2);
    expect(results.map((result) => result.status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
  });
});
