import { existsSync, mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Session } from "../../protocol/session.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { launchBrowser } from "../support/browser.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { signIn } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

describe.skipIf("missing" in claude)("Claude Code in its terminal and on a page", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let dir: string;
  let work: string;
  let signalbox: Signalbox;
  let browser: Browser;
  let session: string;

  beforeAll(async () => {
    model = await startFakeModel();
    dir = mkdtempSync(join(tmpdir(), "signalbox-claude-"));
    work = join(dir, "work");
    mkdirSync(work);
    signalbox = await Signalbox.start({
      env: makeClaudeHome(dir, work, model.url, version),
      config: `agents: {claude: ${program}}\n`,
    });
    await signalbox.cli("hooks", "install");
    await signalbox.tmux(
      "new-session",
      "-d",
      "-x",
      "110",
      "-y",
      "36",
      "-c",
      work,
      program,
      "--permission-mode",
      "manual",
    );
    browser = await launchBrowser();
    session = await until("the session", async () => {
      const { items } = await signalbox.api(z.object({ items: z.array(Session) }), "/api/sessions");
      return items.find(({ agent, status }) => agent === "claude" && status === "idle")?.id;
    });
  });
  afterAll(async () => {
    await browser?.close();
    await signalbox?.stop();
    await model?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  const screen = () => signalbox.tmux("capture-pane", "-p", "-t", "%0");
  const shows = (what: RegExp) => until(`${what} on the screen`, async () => what.test(await screen()));
  async function say(text: string): Promise<void> {
    await signalbox.tmux("set-buffer", text);
    await signalbox.tmux("paste-buffer", "-p", "-d", "-t", "%0");
    await signalbox.tmux("send-keys", "-t", "%0", "Enter");
  }
  const touch = (name: string) => `CALL: Bash ${JSON.stringify({ command: `touch ${join(work, name)}` })}`;

  test("asks on both; the first answer counts, and the other is told", async ({ expect }) => {
    const desk = await signIn(browser, signalbox);
    const phone = await signIn(browser, signalbox, { screen: "phone" });
    await desk.page.goto(`/sessions/${session}`);
    await phone.page.goto("/inbox");

    await say(touch("from-the-phone"));
    const card = phone.page.getByTestId("approval").filter({ hasText: "from-the-phone" });
    await card.waitFor();
    await desk.page.getByTestId("pane-approvals").getByTestId("approval").waitFor();
    await shows(/Do you want to proceed/);
    await card.getByTestId("allow-once").tap();
    await until("the file", () => existsSync(join(work, "from-the-phone")));
    await desk.page.getByTestId("pane-approvals").waitFor({ state: "detached" });
    expect(await screen()).not.toMatch(/Do you want to proceed/);

    await say(touch("from-the-terminal"));
    const second = phone.page.getByTestId("approval").filter({ hasText: "from-the-terminal" });
    await second.waitFor();
    // Claude takes no key in the first moments of a dialog.
    await shows(/Do you want to proceed/);
    await until("the dialog to take the key", async () => {
      await signalbox.tmux("send-keys", "-t", "%0", "1");
      return !/Do you want to proceed/.test(await screen());
    });
    await second.getByText("Answered at the terminal").waitFor();
    await until("the file", () => existsSync(join(work, "from-the-terminal")));
    await desk.context.close();
    await phone.context.close();
  });

  test("shows its conversation, takes a message from the page, and asks a question there", async ({
    expect,
  }) => {
    const { page, context } = await signIn(browser, signalbox);
    await page.goto(`/sessions/${session}?tab=conversation`);
    await page.getByTestId("composer").fill("SAY: said to the page");
    await page.getByTestId("send").click();
    await page.getByTestId("conversation").getByText("said to the page").last().waitFor();
    await shows(/said to the page/);

    const question = { question: "Which colour?", header: "Colour", multiSelect: false };
    const options = [
      { label: "red", description: "warm" },
      { label: "blue", description: "cold" },
    ];
    await say(`CALL: AskUserQuestion ${JSON.stringify({ questions: [{ ...question, options }] })}`);
    const card = page.getByTestId("pane-approvals");
    await card.getByTestId("option").filter({ hasText: "blue" }).click();
    await card.getByTestId("answer").click();
    await card.waitFor({ state: "detached" });
    await page
      .getByTestId("conversation")
      .getByText(/tool said.*blue/s)
      .last()
      .waitFor();
    expect(await screen()).toMatch(/blue/);
    await page.getByRole("tab", { name: "Traces" }).click();
    await page.getByTestId("span").filter({ hasText: "AskUserQuestion" }).first().waitFor();
    await context.close();
  });

  test("is started from the page with something to do", async () => {
    const { page, context } = await signIn(browser, signalbox);
    await page.getByRole("heading", { name: "Sessions", exact: true }).waitFor();
    await page.keyboard.press("n");
    await page.getByTestId("kind-agent").check({ force: true });
    await page.getByTestId("cwd").fill(work);
    await page.getByTestId("agent-prompt").fill("SAY: begun from the page");
    await page.getByTestId("start").click();
    await page.getByRole("tab", { name: "Conversation" }).click();
    await page.getByTestId("conversation").getByText("begun from the page", { exact: true }).waitFor();
    await context.close();
  });

  test("goes on with a conversation that was kept, from the dialog", async ({ expect }) => {
    await signalbox.tmux("kill-pane", "-t", "%0");
    await until("its end", async () => {
      const { ended_at } = await signalbox.api(Session, `/api/sessions/${session}`);
      return ended_at;
    });
    const { page, context } = await signIn(browser, signalbox);
    await page.getByRole("heading", { name: "Sessions", exact: true }).waitFor();
    await page.keyboard.press("n");
    await page.getByTestId("kind-agent").check({ force: true });
    await page.getByTestId("show-past").click();
    // The one that was begun from the page runs still; it leads to its session.
    const kept = page.getByTestId("conversation-kept");
    await kept.filter({ hasText: "runs, open it" }).waitFor();
    await page.locator('[data-testid="conversation-kept"][data-runs="false"]').first().click();
    expect(await page.getByTestId("cwd").inputValue()).toBe(work);
    await page.getByTestId("agent-prompt").fill("SAY: gone on with");
    await page.getByTestId("start").click();
    await page.getByTestId("conversation").getByText("gone on with", { exact: true }).waitFor();
    // It is the same conversation, with what was said in it before.
    await page.getByTestId("conversation").getByText("said to the page").first().waitFor();
    await context.close();
  });
});
