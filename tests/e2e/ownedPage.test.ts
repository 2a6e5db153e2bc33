import { existsSync, mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Host } from "../../protocol/host.ts";
import { Session } from "../../protocol/session.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { launchBrowser } from "../support/browser.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { signIn, TerminalOnPage } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

describe.skipIf("missing" in claude)("an agent without a terminal, on a page", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let dir: string;
  let work: string;
  let signalbox: Signalbox;
  let browser: Browser;
  let session: Session;

  beforeAll(async () => {
    model = await startFakeModel();
    dir = mkdtempSync(join(tmpdir(), "signalbox-owned-"));
    work = join(dir, "work");
    mkdirSync(work);
    signalbox = await Signalbox.start({
      env: makeClaudeHome(dir, work, model.url, version),
      config: `agents: {claude: ${program}}\n`,
    });
    browser = await launchBrowser();
    const { items } = await signalbox.api(z.object({ items: z.array(Host) }), "/api/hosts");
    session = await signalbox.api(Session, "/api/sessions", {
      method: "POST",
      body: { provider: "claude", host: items[0]?.id, cwd: work, prompt: touch("first") },
    });
  });
  afterAll(async () => {
    // It would outlive the daemon.
    if (session !== undefined)
      await signalbox.api(z.unknown(), `/api/sessions/${session.id}/commands`, {
        body: { type: "kill", wait_ms: 10_000 },
      });
    await browser?.close();
    await signalbox?.stop();
    await model?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  const touch = (name: string) => `CALL: Bash ${JSON.stringify({ command: `touch ${join(work, name)}` })}`;
  const made = (name: string) => until(name, () => existsSync(join(work, name)));
  async function say(page: Page, text: string): Promise<void> {
    await page.getByTestId("composer").fill(text);
    await page.getByTestId("send").click();
  }

  test("asks on the page, hears the answer, goes on, is stopped, ended, and started again", async ({
    expect,
  }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    await page.goto(`/sessions/${session.id}`);
    const card = page.getByTestId("pane-approvals").getByTestId("approval");
    await card.waitFor();
    await card.getByTestId("allow-once").click();
    await made("first");
    await card.waitFor({ state: "detached" });
    const talk = page.getByTestId("conversation");
    await talk.getByText("tool said").waitFor();

    await say(page, "SAY: said to the page");
    await talk.getByText("said to the page", { exact: true }).waitFor();
    await say(page, "SLOW: 100\nlong");
    await page.getByTestId("interrupt-turn").click();
    await talk.getByText("Interrupted by the person.").waitFor();
    await page.locator('[data-testid="session-status"][data-status="idle"]').waitFor();

    await page.getByTestId("session-menu").click();
    await page.getByText("End the agent").click();
    await page.getByTestId("kill-dialog").getByRole("button", { name: "End the agent" }).click();
    await page.locator('[data-testid="session-status"][data-status="done"]').waitFor();
    expect(await page.getByTestId("reach").textContent()).toMatch(/Starts Claude again/);
    await say(page, "SAY: back again");
    await talk.getByText("back again", { exact: true }).waitFor();
    await page.getByRole("tab", { name: "Traces" }).click();
    await page.getByTestId("span").first().waitFor();
    await page.getByTestId("session-menu").click();
    await page.getByText("Open in a terminal").click();
    await page.getByTestId("confirm").click();
    await page.waitForURL((url) => !url.pathname.endsWith(session.id));
    await new TerminalOnPage(page).shows(/back again/);
    // The agent without a terminal has ended; the conversation goes on in the terminal.
    const { status } = await signalbox.api(Session, `/api/sessions/${session.id}`);
    expect([status, complaints]).toEqual(["done", []]);
    await context.close();
  });

  test("is spoken to from the command line, and still waits with its request when the daemon was killed", async () => {
    await signalbox.cli("send", session.id, touch("second"));
    await until("the request", async () => {
      const read = await signalbox.api(Session, `/api/sessions/${session.id}`);
      return read.pending_approvals === 1;
    });
    await signalbox.kill("agent");
    const { page, context } = await signIn(browser, signalbox, { screen: "phone" });
    await page.goto("/inbox");
    await page.getByTestId("approval").filter({ hasText: "second" }).getByTestId("allow-once").tap();
    await made("second");
    await context.close();
  });
});
