import { existsSync, mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Session } from "../../protocol/session.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { escalated } from "../support/StruckCodex.ts";
import { CodexTerminal } from "../support/CodexTerminal.ts";
import { launchBrowser } from "../support/browser.ts";
import { codexVariables, makeCodexHome, stopAppServer } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { signIn } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const codex = await findAgent("codex");
if ("missing" in codex) console.warn(`Skipped: ${codex.missing}`);

const DIALOG = /Would you like to run the following command/;

describe.skipIf("missing" in codex)("Codex in its terminal and on a page", () => {
  const program = "path" in codex ? codex.path : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let dir: string;
  let work: string;
  let signalbox: Signalbox;
  let browser: Browser;
  let session: string;
  let terminal: CodexTerminal;

  beforeAll(async () => {
    model = await startFakeModel();
    dir = mkdtempSync(join(tmpdir(), "signalbox-codex-"));
    work = join(dir, "work");
    mkdirSync(work);
    signalbox = await Signalbox.start({ env: codexVariables(makeCodexHome(dir, model.url, work)) });
    await signalbox.tmux("new-session", "-d", "-x", "110", "-y", "36", "-c", work, program);
    browser = await launchBrowser();
    session = await until("the session", async () => {
      const { items } = await signalbox.api(z.object({ items: z.array(Session) }), "/api/sessions");
      return items.find(({ agent }) => agent === "codex")?.id;
    });
    const tmux = (...args: string[]) => signalbox.tmux(...args);
    terminal = new CodexTerminal({ pane: "%0", model, tmux });
    await terminal.begun();
  });
  afterAll(async () => {
    await browser?.close();
    await signalbox?.stop();
    stopAppServer(dir);
    await model?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  const touch = (name: string) => escalated(`touch ${join(work, name)}`);

  test("asks on both; the first answer counts, and the other is told", async ({ expect }) => {
    const desk = await signIn(browser, signalbox);
    const phone = await signIn(browser, signalbox, { screen: "phone" });
    await desk.page.goto(`/sessions/${session}`);
    await phone.page.goto("/inbox");

    await terminal.say(touch("from-the-phone"));
    const card = phone.page.getByTestId("approval").filter({ hasText: "from-the-phone" });
    await card.waitFor();
    await desk.page.getByTestId("pane-approvals").getByTestId("approval").waitFor();
    await terminal.shows(DIALOG);
    await card.getByTestId("allow-once").tap();
    await until("the file", () => existsSync(join(work, "from-the-phone")));
    await desk.page.getByTestId("pane-approvals").waitFor({ state: "detached" });
    expect(await terminal.screen()).not.toMatch(DIALOG);

    await terminal.say(touch("from-the-terminal"));
    const second = phone.page.getByTestId("approval").filter({ hasText: "from-the-terminal" });
    await second.waitFor();
    await terminal.shows(DIALOG);
    await terminal.answer("y");
    await second.getByText("Answered at the terminal").waitFor();
    await until("the file", () => existsSync(join(work, "from-the-terminal")));

    await terminal.say(touch("never"));
    const third = phone.page.getByTestId("approval").filter({ hasText: "never" });
    await third.getByTestId("deny-stop").tap();
    await terminal.shows(/interrupted/i);
    expect(existsSync(join(work, "never"))).toBe(false);
    await desk.context.close();
    await phone.context.close();
  });

  test("shows its conversation and what it did, takes a message from the page, and asks a question there", async ({
    expect,
  }) => {
    const { page, context } = await signIn(browser, signalbox);
    await page.goto(`/sessions/${session}?tab=conversation`);
    await page.getByTestId("composer").fill("SAY: said to the page");
    await page.getByText("its terminal shows it").waitFor();
    await page.getByTestId("send").click();
    await page.getByTestId("conversation").getByText("said to the page").last().waitFor();
    await terminal.shows(/said to the page/);

    const options = [
      { label: "red", description: "warm" },
      { label: "blue", description: "cold" },
    ];
    const question = { id: "colour", header: "Colour", question: "Which colour?", options };
    await terminal.say(`CALL: request_user_input ${JSON.stringify({ questions: [question] })}`);
    const card = page.getByTestId("pane-approvals");
    await card.getByTestId("option").filter({ hasText: "blue" }).click();
    await card.getByTestId("answer").click();
    await card.waitFor({ state: "detached" });
    await page
      .getByTestId("conversation")
      .getByText(/tool said.*blue/s)
      .last()
      .waitFor();
    expect(await terminal.screen()).toMatch(/blue/);
    await page.getByRole("tab", { name: "Traces" }).click();
    await page.getByTestId("span").filter({ hasText: "touch" }).first().waitFor();
    await context.close();
  });
});
