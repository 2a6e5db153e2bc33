import { join } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { launchBrowser, newPage } from "../support/browser.ts";
import { Sights } from "../support/Sights.ts";
import { signIn } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

let signalbox: Signalbox;
let browser: Browser;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  await signalbox.run("git", ["init", "-q", "-b", "main", signalbox.work]);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
});

const call = (page: Page, state: string) => page.locator(`[data-testid="call"][data-state="${state}"]`);
const turn = (page: Page, state: string) => page.locator(`[data-testid="turn"][data-state="${state}"]`);
/** A turn by its number: only what is near the end of a long chat is drawn. */
const ended = (page: Page, number: number) =>
  page.locator(`[data-key="turn ${number}"] [data-state="done"]`).waitFor({ timeout: 30_000 });
const lastCall = (page: Page) => call(page, "completed").last();
const entries = (page: Page, kind: string) => page.locator(`[data-testid="entry"][data-kind="${kind}"]`);

/** As a newcomer: the dialog, with what it offers. */
async function newChat(page: Page): Promise<void> {
  await page.goto("/");
  await page.getByRole("heading", { name: "Sessions", exact: true }).waitFor();
  await page.keyboard.press("n");
  await page.getByTestId("kind-chat").waitFor();
  await page.getByTestId("cwd").fill(signalbox.work);
  await page.getByTestId("start").click();
  await page.getByTestId("empty-chat").waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("send").click();
}

describe("a chat on a page", () => {
  test("a newcomer runs an example: asked, allowed, shown, answered", async ({ expect }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    await newChat(page);
    await page.getByTestId("example").filter({ hasText: "run git status" }).click();
    await page.keyboard.press("Enter");
    await call(page, "waiting").waitFor({ timeout: 20_000 });
    expect(await page.getByTestId("touches").textContent()).toContain(signalbox.work);
    await page.getByTestId("allow-once").click();
    await call(page, "completed").getByText("No commits yet").waitFor({ timeout: 30_000 });
    await turn(page, "done").waitFor({ timeout: 30_000 });
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("follows a privileged call from permission to answer, with a reload at each stage, a second page and the end of the edge: one card and one answer at every moment", async ({
    expect,
  }) => {
    const { context } = await signIn(browser, signalbox);
    const sights = await Sights.of(context);
    const { page, complaints } = await newPage(context);
    await newChat(page);
    const second = await context.newPage();
    await second.goto(page.url());
    await second.getByTestId("empty-chat").waitFor();
    /** Both pages show one card in this state, the first one anew after a reload. */
    const stage = async (state: string) => {
      for (const each of [page, second]) await call(each, state).waitFor({ timeout: 60_000 });
      // The edge may be on its way back.
      await until("the page anew", () => page.reload().then(Boolean, () => false));
      for (const each of [page, second]) {
        await each.getByTestId("call").waitFor({ timeout: 60_000 });
        expect(await each.getByTestId("call").count()).toBe(1);
      }
    };

    const argv = ["sh", "-c", "until test -e go; do sleep 0.1; done; git status"];
    await say(page, `call run_command ${JSON.stringify({ argv, timeout_ms: 120_000 })}`);
    await stage("waiting");
    expect(await call(page, "waiting").getByTestId("call-state").textContent()).toContain("Needs permission");

    await signalbox.kill("edge");
    await page.getByTestId("allow-once").click();
    await until(
      "the decision to arrive",
      async () => {
        // Clicked within the page: the first click may have arrived meanwhile, and the button be gone.
        if ((await page.getByTestId("decision-problem").count()) > 0)
          await page
            .getByTestId("allow-once")
            .evaluateAll((buttons) =>
              buttons.forEach((button) => button instanceof HTMLElement && button.click()),
            );
        return (await page.getByTestId("allow-once").count()) === 0;
      },
      60_000,
    );
    await stage("dispatched");
    writeFileSync(join(signalbox.work, "go"), "");
    await stage("completed");
    for (const each of [page, second]) {
      await call(each, "completed").getByText("No commits yet").waitFor();
      await turn(each, "done").waitFor({ timeout: 30_000 });
    }
    // What was left of the killed edge may have answered until now, and the next one be just starting.
    await until("a page", () => page.reload().catch(() => null), 60_000);
    await turn(page, "done").waitFor();
    for (const each of [page, second])
      for (const kind of ["user_message", "call", "message", "turn"])
        expect(await entries(each, kind).count()).toBe(1);

    expect(sights.problems).toEqual([]);
    expect(sights.gone).toEqual([]);
    for (const kind of ["user_message", "call", "approval", "message", "turn"])
      expect([kind, sights.most(kind)]).toEqual([kind, 1]);
    expect(complaints.filter((line) => !/ERR_|WebSocket|Failed to load/.test(line))).toEqual([]);
    await context.close();
  });

  test("is decided in two browsers at the same moment: one wins, the other is shown who and when", async ({
    expect,
  }) => {
    const [one, two] = await Promise.all([signIn(browser, signalbox), signIn(browser, signalbox)]);
    await newChat(one.page);
    await say(one.page, "run echo race");
    await two.page.goto(one.page.url());
    for (const { page } of [one, two]) await call(page, "waiting").waitFor({ timeout: 20_000 });
    // Both decisions are held until both were made, and let go together.
    const both = Promise.withResolvers<void>();
    const answers: { page: Page; status: number }[] = [];
    let held = 0;
    for (const { page } of [one, two]) {
      await page.route("**/decision", async (route) => {
        if (++held === 2) both.resolve();
        await both.promise;
        await route.continue();
      });
      page.on("response", (response) => {
        if (response.url().endsWith("/decision")) answers.push({ page, status: response.status() });
      });
    }
    await Promise.all([one.page.getByTestId("allow-once").click(), two.page.getByTestId("deny").click()]);
    await until("both answers", () => answers.length === 2);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = answers.find(({ status }) => status === 200)?.page;
    const loser = winner === one.page ? two.page : one.page;
    const word = winner === one.page ? "allowed" : "denied";
    await loser.getByTestId("decision-problem").getByText(`owner has ${word} this already at 20`).waitFor();
    for (const { page } of [one, two]) {
      await call(page, word === "allowed" ? "completed" : "denied").waitFor({ timeout: 20_000 });
      await page.locator(`[data-testid="approval"][data-status="${word}"]`).waitFor();
      await ended(page, 1);
      expect(await page.getByTestId("call").count()).toBe(1);
    }
    await one.context.close();
    await two.context.close();
  });

  test("is decided from the inbox of a phone; a denial's message reaches the model", async ({ expect }) => {
    const { page, context } = await signIn(browser, signalbox, { screen: "phone" });
    await page.getByTestId("bar-new").tap();
    await page.getByTestId("cwd").fill(signalbox.work);
    await page.getByTestId("start").tap();
    await say(page, "run make install");
    await call(page, "waiting").waitFor({ timeout: 20_000 });
    const chat = page.url();
    await page.goto("/inbox");
    const row = page.getByTestId("inbox-approval").filter({ hasText: "make install" });
    await row.getByTestId("more-deny").tap();
    await row.getByTestId("deny-message").fill("Not on this machine");
    await row.getByTestId("confirm-deny").tap();
    await row.locator('[data-status="denied"]').waitFor();
    await page.goto(chat);
    await call(page, "denied").waitFor();
    await turn(page, "done").waitFor({ timeout: 20_000 });
    await page.getByTestId("approval").getByText("Not on this machine").waitFor();
    expect(await page.getByTestId("call").count()).toBe(1);
    await context.close();
  });

  test("edits what it was asked for, grants, asks, queues, stops, and moves to another directory", async ({
    expect,
  }) => {
    const { page, context } = await signIn(browser, signalbox);
    await newChat(page);
    await say(page, "run echo one");
    await page.getByTestId("more-edit").click();
    await page.getByTestId("edit-argv").fill("echo 'two words'");
    await page.getByTestId("allow-edited").click();
    await turn(page, "done").waitFor({ timeout: 20_000 });
    await call(page, "completed").getByText("two words").first().waitFor();
    await page.getByTestId("edited").waitFor();

    await say(page, "run echo three");
    await page.getByTestId("more-session").click();
    await page.getByTestId("confirm-session").click();
    await ended(page, 2);
    await page.getByTestId("grant").filter({ hasText: "running programs" }).waitFor();
    await say(page, "run echo four");
    await ended(page, 3);
    await lastCall(page).getByText("four").first().waitFor();
    await page.getByTestId("revoke-grant").click();
    await until("no grant", async () => (await page.getByTestId("grant").count()) === 0);

    await say(page, "ask Which one? [this|that]");
    await page.getByTestId("option").filter({ hasText: "that" }).click();
    await page.getByTestId("question").getByText("You answered: that").waitFor({ timeout: 20_000 });
    expect(await page.getByTestId("question").count()).toBe(1);
    await ended(page, 4);

    await say(page, "run echo five");
    await call(page, "waiting").waitFor({ timeout: 20_000 });
    await say(page, "list");
    await page.getByTestId("queued").filter({ hasText: "list" }).waitFor();
    await page.getByTestId("stop").click();
    await turn(page, "stopped").waitFor({ timeout: 20_000 });
    await call(page, "cancelled").waitFor();
    await entries(page, "user_message").filter({ hasText: "list" }).waitFor({ timeout: 20_000 });
    await ended(page, 6);
    expect(await page.getByTestId("queue").count()).toBe(0);

    mkdirSync(join(signalbox.work, "inner"));
    writeFileSync(join(signalbox.work, "inner/only-here.txt"), "x");
    await page.getByTestId("pick-place").click();
    await page.getByTestId("place-cwd").fill(join(signalbox.work, "inner"));
    await page.getByTestId("choose-place").click();
    await page.getByText(/Works on .* now/).waitFor();
    await say(page, "list");
    await ended(page, 7);
    await lastCall(page).getByRole("button").first().click();
    await page.getByText("only-here.txt").first().waitFor();
    await context.close();
  });

  test("is steered while it works, and shortened by hand", async ({ expect }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    await newChat(page);
    await say(page, "ask Which way? [left|right]\nthen say never reached");
    await page.getByTestId("option").first().waitFor({ timeout: 20_000 });
    await say(page, "say after the turn");
    await page.getByTestId("composer").fill("say steered");
    await page.getByTestId("send-now").click();
    await page.locator('[data-testid="queued"][data-steer]').filter({ hasText: "steered" }).waitFor();
    const waits = page.getByTestId("queued").filter({ hasText: "after the turn" });
    await waits.getByTestId("steer-queued").click();
    await until(
      "both to steer",
      async () => (await page.locator('[data-testid="queued"][data-steer]').count()) === 2,
    );
    await waits.getByTestId("steer-queued").click();
    await until(
      "one to wait",
      async () => (await page.locator('[data-testid="queued"][data-steer]').count()) === 1,
    );
    await page.getByTestId("option").filter({ hasText: "left" }).click();
    await ended(page, 2);
    expect(await entries(page, "user_message").allTextContents()).toEqual([
      expect.stringContaining("Which way?"),
      expect.stringMatching(/say steered.*said while it worked/),
      expect.stringMatching(/say after the turn$/),
    ]);
    expect(await page.getByText("never reached", { exact: true }).count()).toBe(0);

    await say(page, "/compact");
    await ended(page, 3);
    await page
      .getByTestId("replaced")
      .getByText(/^events 1–\d+$/)
      .waitFor();
    await page.getByTestId("summary").getByRole("button").click();
    await page.getByTestId("summary").getByText("asked: say steered").waitFor();
    await page.reload();
    await page.getByTestId("summary").waitFor();
    expect(await entries(page, "user_message").count()).toBe(3);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
