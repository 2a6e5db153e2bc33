import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, test } from "vitest";
import { CommandAnswer } from "../../protocol/api.ts";
import { Session } from "../../protocol/session.ts";
import { launchBrowser } from "../support/browser.ts";
import { signIn } from "../support/SessionPage.ts";
import { ApiFailure, Signalbox, until } from "../support/signalbox.ts";

let signalbox: Signalbox;
let browser: Browser;
let repo: string;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  browser = await launchBrowser();
  repo = join(signalbox.work, "a repo");
  mkdirSync(repo);
  await git("init", "-q", "-b", "main");
  writeFileSync(join(repo, "kept.ts"), "export const one = 1;\n");
  await git("add", ".");
  await git("commit", "-qm", "first");
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
});

function git(...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  return signalbox.run("git", ["-C", repo, ...identity, ...args]);
}

/** A shell in a worktree of its own. */
async function spawnInWorktree(branch: string): Promise<Session & { worktree: object }> {
  const { items: hosts } = await signalbox.api(
    z.object({ items: z.array(z.object({ id: z.string() })) }),
    "/api/hosts",
  );
  const body = { provider: "tmux", host: hosts[0]?.id, cwd: repo, worktree: { branch } };
  const { id } = await signalbox.api(Session, "/api/sessions", { body });
  return until("the worktree", async () => {
    const session = await signalbox.api(Session, `/api/sessions/${id}`);
    return session.worktree === null || session.git === null
      ? null
      : { ...session, worktree: session.worktree };
  });
}
const command = (session: string, body: object) =>
  signalbox.api(CommandAnswer, `/api/sessions/${session}/commands`, { body: { wait_ms: 20_000, ...body } });

test("what is done in a terminal shows on the page while it is looked at, and the index is left alone", async ({
  expect,
}) => {
  const { id, worktree } = await spawnInWorktree("feature");
  const path = z.object({ path: z.string() }).parse(worktree).path;
  const { page, context } = await signIn(browser, signalbox);
  await page.goto(`/sessions/${id}?tab=changes`);
  await page.getByText("Nothing is changed").waitFor();
  const index = readFileSync(join(repo, ".git/worktrees/feature/index"));
  await command(id, {
    type: "send_input",
    text: "echo 'const two = 2;' >> kept.ts; echo hi > 'ne w.txt'",
    enter: true,
  });
  const file = (name: string) => page.locator(`[data-testid="changed-file"][data-path="${name}"]`);
  await file("kept.ts").getByText("const two = 2;").waitFor();
  await file("ne w.txt").getByText("untracked").waitFor();
  expect(readFileSync(join(repo, ".git/worktrees/feature/index")).equals(index)).toBe(true);
  writeFileSync(join(path, "big.txt"), "x".repeat(2_000_000));
  await file("big.txt").getByText("It is too large to show here.").waitFor();
  await context.close();
});

test("a worktree with work in it survives every way to delete, which say what would be lost", async ({
  expect,
}) => {
  const { id, worktree } = await spawnInWorktree("dirty");
  const path = z.object({ path: z.string() }).parse(worktree).path;
  writeFileSync(join(path, "only here.txt"), "work\n");
  const lost = { status: "failed", code: "would_lose_work", details: ["uncommitted: ?? only here.txt"] };
  expect((await command(id, { type: "kill" })).result).toMatchObject(lost);
  await expect(signalbox.api(z.unknown(), `/api/sessions/${id}`, { method: "DELETE" })).rejects.toMatchObject(
    { status: 409 } satisfies Partial<ApiFailure>,
  );
  expect((await command(id, { type: "kill", force: true })).result).toMatchObject({ status: "done" });
  await until("its end", async () => (await signalbox.api(Session, `/api/sessions/${id}`)).ended_at);
  expect((await command(id, { type: "remove_worktree" })).result).toMatchObject(lost);
  // What it changed can still be looked at.
  const seen = await signalbox.api(
    z.object({ files: z.array(z.object({ path: z.string() })) }),
    `/api/sessions/${id}/changes`,
  );
  expect(seen.files.map((each) => each.path)).toEqual(["only here.txt"]);
  await signalbox.api(z.unknown(), `/api/sessions/${id}`, { method: "DELETE" });
  expect(existsSync(join(path, "only here.txt"))).toBe(true);
  expect(await git("branch", "--list", "dirty")).toContain("dirty");

  // Its session is gone; the worktree is still known, stays without a snapshot, and goes with one.
  const listed = await signalbox.cli("worktrees");
  expect(listed.out).toContain(`${path}\n    dirty: 1 not committed`);
  const kept = await signalbox.cli("worktrees", "remove", path);
  expect(kept.code).not.toBe(0);
  expect(kept.out).toContain("uncommitted: ?? only here.txt");
  expect(existsSync(join(path, "only here.txt"))).toBe(true);
  const gone = await signalbox.cli("worktrees", "remove", path, "--snapshot");
  expect(gone.out).toContain(
    "The worktree was removed; what was in it is in refs/signalbox/snapshots/dirty-",
  );
  expect(existsSync(path)).toBe(false);
  const back = gone.out.trim().split("\n").at(-1) ?? "";
  await signalbox.run("bash", ["-c", back]);
  const trees = await git("worktree", "list", "--porcelain");
  const restored = trees.match(/^worktree (.*dirty-\d.*)$/m)?.[1] ?? "";
  expect(readFileSync(join(restored, "only here.txt"), "utf8")).toBe("work\n");
});
