import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Session } from "../../protocol/session.ts";
import { launchBrowser } from "../support/browser.ts";
import { signIn, TerminalOnPage } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const SessionList = z.object({ items: z.array(Session) });
let signalbox: Signalbox;
let browser: Browser;

beforeAll(async () => {
  [signalbox, browser] = await Promise.all([Signalbox.start(), launchBrowser()]);
  const shell = ["bash", "--norc", "--noprofile"];
  await signalbox.tmux("new-session", "-d", "-s", "one", "-x", "100", "-y", "30", ...shell);
  await signalbox.tmux("-L", "second", "new-session", "-d", "-s", "two", "-x", "90", "-y", "24", ...shell);
  await signalbox.tmux(
    "-L",
    "second",
    "new-session",
    "-d",
    "-s",
    "three",
    "-x",
    "80",
    "-y",
    "20",
    "less",
    "/etc/services",
  );
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
});

/** The session of a tmux session, once it is known. */
function sessionOf(name: string): Promise<Session> {
  return until(`the session of ${name}`, async () => {
    const { items } = await signalbox.api(SessionList, "/api/sessions");
    return items.find(({ pane }) => pane?.tmux_session === name);
  });
}

describe("the terminal in the browser", () => {
  test("shows every pane of both sockets, live", async ({ expect }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    await until("three rows", async () => (await page.getByTestId("session-row").count()) === 3);
    await signalbox.tmux("new-session", "-d", "-s", "four", "-x", "80", "-y", "20", "sleep", "600");
    await until(
      "a fourth row, without a reload",
      async () => (await page.getByTestId("session-row").count()) === 4,
    );
    await signalbox.tmux("kill-session", "-t", "=four:");
    await until("the fourth to have ended", async () => {
      const { items } = await signalbox.api(SessionList, "/api/sessions?ended=true");
      return items.length === 1;
    });
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("types text, Unicode, arrows and Ctrl-C", async ({ expect }) => {
    const { id } = await sessionOf("one");
    const { page, context } = await signIn(browser, signalbox);
    const terminal = await TerminalOnPage.open(page, id);
    await terminal.type("echo typed-$((20+3))\n");
    await terminal.shows(/^typed-23$/m);
    await terminal.type("echo 'Größe ✓ 漢字 🚂'|tr a-z A-Z\n");
    await terminal.shows(/^GRößE ✓ 漢字 🚂/m);
    // The cursor goes back two and something is put in between.
    await terminal.type("echo ac");
    await terminal.press("ArrowLeft");
    await terminal.type("b\n");
    await terminal.shows(/^abc$/m);
    await terminal.press("ArrowUp");
    await terminal.type("-again\n");
    await terminal.shows(/^abc-again$/m);
    await terminal.type("sleep 1000\n");
    await terminal.shows(/sleep 1000/);
    await terminal.press("Control+c");
    await terminal.type("echo status-$?\n");
    await terminal.shows(/^status-130$/m);
    expect(await terminal.text()).toContain("status-130");
    await context.close();
  });

  test("pastes 200 kB, whole and in order", async ({ expect }) => {
    const { id } = await sessionOf("one");
    const { page, context } = await signIn(browser, signalbox);
    const terminal = await TerminalOnPage.open(page, id);
    const file = join(signalbox.work, "pasted");
    const lines = Array.from(
      { length: 4400 },
      (_, i) => `line ${String(i).padStart(5, "0")} ${"äbcdefghij".repeat(3)}xyz`,
    );
    const text = `${lines.join("\n")}\n`;
    await terminal.type(`clear; stty -echo; cat > ${file}; stty echo; echo done-$((1+1))\n`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await terminal.paste(text);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await terminal.press("Control+d");
    await terminal.shows(/done-2/);
    const sha = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
    expect(Buffer.byteLength(text)).toBeGreaterThan(200_000);
    expect(readFileSync(file, "utf8").length).toBe(text.length);
    expect(sha(readFileSync(file))).toBe(sha(text));
    await context.close();
  });

  test("shows two browsers the same", async () => {
    const { id } = await sessionOf("two");
    const [one, two] = await Promise.all([
      signIn(browser, signalbox),
      signIn(browser, signalbox, { screen: "phone" }),
    ]);
    const left = await TerminalOnPage.open(one.page, id);
    const right = await TerminalOnPage.open(two.page, id);
    await left.type("echo from-the-left-$((1+1))\n");
    await right.shows(/^from-the-left-2$/m);
    await right.page.getByTestId("terminal").click();
    await left.shows(/^from-the-left-2$/m);
    await left.type("seq 1 300\n");
    await Promise.all([left.shows(/^300$/m), right.shows(/^300$/m)]);
    // The prompt after the numbers reaches one page a moment before the other.
    await until("both to show the same", async () => (await left.text()) === (await right.text()));
    await one.context.close();
    await two.context.close();
  });

  test("draws a full-screen program again after a reload", async ({ expect }) => {
    const { id } = await sessionOf("three");
    const { page, context } = await signIn(browser, signalbox);
    const terminal = await TerminalOnPage.open(page, id);
    await terminal.press("G");
    const before = await terminal.shows(/END|\(END\)|services/);
    await page.reload();
    await terminal.shows(/END|\(END\)|services/);
    await until(
      "the same screen",
      async () => (await terminal.text()) === before || (await terminal.text()).includes("(END)"),
    );
    const capture = await signalbox.tmux("-L", "second", "capture-pane", "-p", "-t", "=three:");
    const shown = (await terminal.text()).split("\n").map((line) => line.trimEnd());
    expect(shown.slice(0, 19)).toEqual(capture.split("\n").slice(0, 19));
    await context.close();
  });

  test("survives the daemon and the edge being killed, without a reload", async () => {
    const { id } = await sessionOf("two");
    const { page, context } = await signIn(browser, signalbox);
    const terminal = await TerminalOnPage.open(page, id);
    for (const part of ["agent", "edge"] as const) {
      await signalbox.kill(part);
      await page.locator('[data-testid="terminal"]:not([data-phase="live"])').waitFor();
      await terminal.isLive();
      await terminal.type(`echo back-from-${part}-$((3+4))\n`);
      await terminal.shows(new RegExp(`^back-from-${part}-7$`, "m"));
    }
    await context.close();
  });

  test("keeps a session's identity when everything restarts", async ({ expect }) => {
    const before = await sessionOf("one");
    await signalbox.kill("agent");
    await signalbox.kill("edge");
    await until("the daemon to be back", async () => {
      const { items } = await signalbox.api(
        z.object({ items: z.array(z.object({ presence: z.string() })) }),
        "/api/hosts",
      );
      return items[0]?.presence === "online";
    });
    const after = await sessionOf("one");
    expect(after.id).toBe(before.id);
    const { items } = await signalbox.api(SessionList, "/api/sessions?ended=false");
    expect(items).toHaveLength(3);
  });
});

describe("spawning and ending from the browser", () => {
  test("starts a command in a worktree of its own, refuses to lose its work, and ends it", async ({
    expect,
  }) => {
    const repo = join(signalbox.work, "repo");
    const git = (...args: string[]) => signalbox.run("git", ["-C", repo, ...args]);
    await signalbox.run("git", ["init", "-q", "-b", "main", repo]);
    await git(
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.com",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "first",
    );
    const { page, context } = await signIn(browser, signalbox);
    await page.goto("/");
    await page.getByTestId("new-session").first().click();
    await page.locator('label:has([data-testid="kind-command"])').click();
    await page.getByTestId("cwd").fill(repo);
    await page.getByTestId("command").fill("bash --norc");
    await page.getByTestId("worktree").check();
    await page.getByTestId("branch").fill("try/it");
    await page.getByTestId("start").click();
    await page.waitForURL(/\/sessions\/ses_/);
    const id = page.url().split("/").at(-1) ?? "";
    const session = await until("the worktree", async () => {
      const found = await signalbox.api(Session, `/api/sessions/${id}`);
      return found.worktree === null ? null : found;
    });
    expect(session.worktree).toMatchObject({ branch: "try/it" });
    writeFileSync(join(session.worktree?.path ?? "", "unsaved.txt"), "work");
    await page.getByTestId("session-menu").click();
    await page.getByRole("menuitem", { name: /^(Kill|End)/ }).click();
    await page.getByTestId("confirm").click();
    await page.getByTestId("loss").getByText("unsaved.txt").waitFor();
    expect((await signalbox.api(Session, `/api/sessions/${id}`)).ended_at).toBeNull();
    await page.getByTestId("confirm").click();
    await until(
      "the end",
      async () => (await signalbox.api(Session, `/api/sessions/${id}`)).ended_at !== null,
    );
    expect(readFileSync(join(session.worktree?.path ?? "", "unsaved.txt"), "utf8")).toBe("work");
    await context.close();
  });
});
