import { createHmac } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import * as z from "zod";
import { launchBrowser } from "../support/browser.ts";
import { signIn } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

let signalbox: Signalbox;
let browser: Browser;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
});

const Made = z.object({ id: z.string() });
const Events = z.object({
  items: z.array(
    z.looseObject({ item: z.looseObject({ kind: z.string(), text: z.string().optional() }).optional() }),
  ),
});

async function aChat(title: string) {
  const { id } = await signalbox.api(Made, "/api/sessions", { body: { provider: "edge", title } });
  const said = async () => {
    const { items } = await signalbox.api(Events, `/api/sessions/${id}/events?after=0`);
    return items.flatMap(({ item }) => (item?.kind === "user_message" ? [item.text ?? ""] : []));
  };
  return { id, said };
}

/** Chooses an entry of a card's menu. */
async function choose(page: Page, card: string, entry: string): Promise<void> {
  await page.getByTestId(card).getByTestId("more").click();
  await page.getByRole("menuitem", { name: entry }).click();
}

describe("the page of work", () => {
  test("makes a schedule, tells its next times, runs it, shows its history, pauses and removes it", async ({
    expect,
  }) => {
    const { said } = await aChat("Reports");
    const { page, context, complaints } = await signIn(browser, signalbox, { screen: "phone" });
    await page.getByRole("link", { name: "Work" }).click();
    await page.getByTestId("work-schedules").click();
    await page.getByTestId("new-schedule").click();
    await page.getByTestId("schedule-name").fill("Morning report");
    await page.getByTestId("schedule-cron").fill("every day");
    await page.getByTestId("next-times").getByText("not a cron expression").waitFor();
    await page.getByTestId("schedule-cron").fill("30 7 * * *");
    await page.getByTestId("schedule-zone").fill("Asia/Kolkata");
    await page
      .getByTestId("next-times")
      .getByText(/Next: .*07:30/)
      .waitFor();
    await page.getByTestId("work-session").selectOption({ label: "Reports" });
    await page.getByTestId("work-text").fill("What is new?");
    await page.getByTestId("save-schedule").click();
    const card = page.getByTestId("schedule");
    await card.getByText("Morning report").waitFor();
    await choose(page, "schedule", "Run it now");
    await until("the message", async () => (await said()).includes("What is new?"));
    await card.getByText("started by hand").waitFor();
    await card.getByTestId("history").click();
    await card.getByTestId("execution").getByRole("link", { name: "Open the session" }).waitFor();
    await choose(page, "schedule", "Pause");
    await card.getByTestId("next-time").getByText("paused").waitFor();
    await choose(page, "schedule", "Remove");
    await page.getByTestId("confirm").click();
    await card.waitFor({ state: "detached" });
    expect(await said()).toEqual(["What is new?"]);
    expect(complaints.filter((line) => !line.includes("400"))).toEqual([]);
    await context.close();
  });

  test("makes a webhook from a preset, shows its secret once, and what has come; starts one once more", async ({
    expect,
  }) => {
    const { said } = await aChat("Issues");
    const { page, context, complaints } = await signIn(browser, signalbox);
    await page.goto("/work/webhooks");
    await page.getByTestId("new-webhook").click();
    await page.getByTestId("webhook-preset").selectOption("issues");
    await page.getByTestId("work-session").selectOption({ label: "Issues" });
    await page.getByTestId("save-webhook").click();
    const address = await page.getByTestId("webhook-address").innerText();
    const secret = await page.getByTestId("webhook-secret").innerText();
    await page.getByRole("button", { name: "Done" }).click();
    const body = JSON.stringify({
      action: "opened",
      repository: { full_name: "acme/shop" },
      issue: {
        number: 7,
        title: "It breaks",
        body: "On Mondays.",
        html_url: "https://x/7",
        user: { login: "kim" },
      },
    });
    const sign = (key: string) => `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
    const deliver = (key: string) =>
      fetch(address, {
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          "x-github-event": "issues",
          "x-github-delivery": "one",
          "x-hub-signature-256": sign(key),
        },
      });
    expect((await deliver("a wrong secret, a wrong secret")).status).toBe(401);
    expect((await deliver(secret)).status).toBe(202);
    expect((await deliver(secret)).status).toBe(200);
    await until("the message", async () => (await said()).length === 1);
    expect((await said())[0]).toContain("#7 It breaks");
    const card = page.getByTestId("webhook");
    expect(await card.innerText()).not.toContain(secret);
    await card.getByTestId("deliveries").click();
    await card.getByTestId("delivery").getByText("started").waitFor();
    await card.getByTestId("delivery").getByText("issues").click();
    await card.getByText('"full_name": "acme/shop"').waitFor();
    await card.getByRole("button", { name: "Start it once more" }).click();
    await until("the message once more", async () => (await said()).length === 2);
    await card.getByTestId("delivery").nth(1).waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("saves a workflow, says what is wrong with it, runs it, asks the person, and shows what came of it", async ({
    expect,
  }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    await page.goto("/work/workflows");
    await page.getByTestId("new-workflow").click();
    await page
      .getByTestId("script-text")
      .fill("export const meta = { name: `two-words`, description: now() };");
    await page.getByTestId("save-script").click();
    await page
      .getByTestId("script-problem")
      .getByText(/line 1/i)
      .waitFor();
    await page.getByTestId("script-text").fill(TWO_WORDS);
    await page.getByTestId("save-script").click();
    const card = page.locator('[data-testid="workflow"][data-workflow="two-words"]');
    await card.getByTestId("run-workflow").click();
    // Its schema makes fields; what is typed stays when it is looked at as JSON and back.
    await page.getByTestId("arg/first").fill("red");
    expect(await page.getByTestId("start-run").isDisabled()).toBe(true);
    await page.getByTestId("args-mode").click();
    expect(JSON.parse(await page.getByTestId("run-args").inputValue())).toEqual({ first: "red" });
    await page.getByTestId("run-args").fill('{"first": "red", "second": "blue"}');
    await page.getByTestId("args-mode").click();
    expect(await page.getByTestId("arg/second").inputValue()).toBe("blue");
    await page.getByTestId("start-run").click();
    await page.getByTestId("run-status").getByText("waits for you").waitFor();
    expect(await page.locator('[data-testid="step"][data-status="completed"]').count()).toBe(2);
    await page.getByTestId("approve-step").click();
    await page.getByTestId("run-status").getByText("completed").waitFor();
    await page.getByTestId("run-result").getByText('"red"').waitFor();
    await page.getByTestId("run-log").getByText("both are there").waitFor();
    await page.getByTestId("view-graph").click();
    const nodes = page.getByTestId("graph-node");
    expect(await nodes.count()).toBe(3);
    expect(await page.getByTestId("graph-line").count()).toBe(2);
    await nodes.filter({ hasText: "blue" }).click();
    await page.getByRole("link", { name: "Open its session" }).waitFor();
    // What is known is not asked again.
    await page.getByTestId("again").click();
    await until("a new run", async () => (await page.getByTestId("again").count()) === 0 || undefined);
    await page.getByTestId("approve-step").click();
    await page.getByTestId("run-status").getByText("completed").waitFor();
    await page.getByTestId("view-steps").click();
    expect(await page.locator('[data-testid="step"][data-cached]').count()).toBeGreaterThanOrEqual(2);
    await page.goto("/work/workflows");
    await page.locator('[data-testid="run"][data-status="completed"]').nth(1).waitFor();
    expect(complaints.filter((line) => !line.includes("400"))).toEqual([]);
    await context.close();
  });
});

const TWO_WORDS = `export const meta = {
  name: "two-words",
  description: "Has two agents say a word each, and asks before it goes on",
  phases: [{ title: "Say", detail: "a word each" }, { title: "Decide" }],
  args: {
    type: "object",
    properties: { first: { type: "string" }, second: { type: "string" } },
    required: ["first", "second"],
  },
};
phase("Say");
const words = await parallel([args.first, args.second].map((word) => () => agent("say " + word, { label: word })));
log("both are there");
phase("Decide");
const go = await approve("Are these the words?");
return { words, go };
`;
