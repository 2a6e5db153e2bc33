import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { startFakeModel, type FakeModel } from "../support/fakeModel/startFakeModel.ts";
import { signIn } from "../support/SessionPage.ts";
import { Signalbox } from "../support/signalbox.ts";

const KEY = "a-key-of-no-known-shape-0123456789";

let signalbox: Signalbox;
let browser: Browser;
let model: FakeModel;

beforeAll(async () => {
  model = await startFakeModel();
  signalbox = await Signalbox.start();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
  await model?.stop();
});

/** Everything that the page is told, sockets included. */
function listen(page: Page): () => Promise<string> {
  const told: Promise<string>[] = [];
  page.on("response", (response) => {
    const headers = JSON.stringify(response.headers());
    // A body that is gone (a redirect, a page that was left) told nothing.
    told.push(response.text().then((text) => headers + text, () => headers)); // prettier-ignore
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => void told.push(Promise.resolve(String(payload)))),
  );
  return async () => (await Promise.all(told)).join("\n");
}

/** Every file below a directory, as text. */
function filesBelow(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((path) => join(directory, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}

describe("the settings page", () => {
  test("gives a chat a real model: from the chat without one, by a key that nobody is told, to its answer", async ({
    expect,
  }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    const told = listen(page);
    await page.keyboard.press("n");
    await page.getByTestId("kind-chat").waitFor();
    await page.getByTestId("cwd").fill(signalbox.work);
    await page.getByTestId("start").click();
    const chat = page.getByTestId("empty-chat");
    await chat.waitFor();
    const address = page.url();
    await page.getByTestId("give-model").click();
    await page.getByTestId("no-providers").waitFor();

    await page.getByTestId("add-compatible").click();
    await page.getByTestId("provider-name").fill("box");
    await page.getByTestId("provider-address").fill(`${model.url}/wrong/`);
    await page.getByTestId("provider-models").fill("small:32k");
    await page.getByTestId("provider-key").fill(KEY);
    await page.getByTestId("save-provider").click();
    const card = page.locator('[data-testid="provider"][data-provider="box"]');
    await card.getByTestId("key-state").filter({ hasText: "ends in …6789" }).waitFor();
    await card.getByTestId("tested").filter({ hasText: "small is not known to its server (404)" }).waitFor();

    // Another address: the key does not go there by itself.
    await card.getByTestId("change").click();
    expect(await page.getByTestId("provider-key").inputValue()).toBe("");
    await page.getByTestId("provider-address").fill(`${model.url}/v1`);
    await page.getByText("give it again").waitFor();
    await page.getByTestId("provider-key").fill(KEY);
    await page.getByTestId("save-provider").click();
    await card.getByTestId("tested").filter({ hasText: "answers" }).waitFor();
    expect(model.asked.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
    await page.getByTestId("default-model").selectOption("box/small");

    await page.goto(address);
    await page.getByTestId("pick-model").click();
    await page.getByTestId("model-dialog").getByText("box/small").click();
    await page.getByTestId("choose-model").click();
    await page
      .getByText("box/small")
      .or(page.getByText("small", { exact: true }))
      .first()
      .waitFor();
    await page.getByTestId("composer").fill("SAY: a real answer");
    await page.getByTestId("send").click();
    await page.locator('[data-testid="entry"][data-kind="message"]').getByText("a real answer").waitFor();

    // What was set lasts, and what was said to nobody is in no file either.
    await signalbox.kill("edge");
    await page.goto("/settings");
    await card.getByTestId("test-provider").click();
    await card.getByTestId("tested").filter({ hasText: "answers" }).waitFor();
    expect(await page.content()).not.toContain(KEY);
    expect(await told()).not.toContain(KEY);
    expect(filesBelow(signalbox.home)).not.toContain(KEY);
    expect(statSync(join(signalbox.home, "settings-secret")).mode & 0o777).toBe(0o600);
    expect(signalbox.output).not.toContain(KEY);
    expect(complaints.filter((line) => !/WebSocket|ERR_CONNECTION|ERR_INCOMPLETE/.test(line))).toEqual([]);

    await card.getByTestId("remove").click();
    await page.getByTestId("confirm").click();
    await page.getByTestId("no-providers").waitFor();
    await context.close();
  });

  test("is there on a phone, and takes the theme", async ({ expect }) => {
    const { page, context } = await signIn(browser, signalbox, { screen: "phone" });
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByTestId("add-anthropic").waitFor();
    await page.getByText("Light", { exact: true }).click();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await context.close();
  });
});
