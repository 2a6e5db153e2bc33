import { join } from "node:path";
import { writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import * as z from "zod";
import { launchBrowser, type PageOptions } from "../support/browser.ts";
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

async function openChat(options: PageOptions = {}) {
  const body = { provider: "edge" };
  const { id } = await signalbox.api(z.object({ id: z.string() }), "/api/sessions", { body });
  const signedIn = await signIn(browser, signalbox, options);
  await signedIn.page.goto(`/sessions/${id}`);
  await signedIn.page.getByTestId("empty-chat").waitFor();
  return { ...signedIn, id };
}

/** Gives the page a drawn picture, as a paste or a drop does. */
async function give(
  page: Page,
  how: "paste" | "drop",
  picture: { name: string; width: number; height: number; colour: string },
): Promise<void> {
  await page.evaluate(
    async ([way, { name, width, height, colour }]) => {
      const canvas = new OffscreenCanvas(width, height);
      const brush = canvas.getContext("2d");
      if (brush === null) throw new Error("no canvas");
      brush.fillStyle = colour;
      brush.fillRect(0, 0, width, height);
      brush.fillStyle = "white";
      brush.fillText(name, 20, 20);
      const data = new DataTransfer();
      data.items.add(new File([await canvas.convertToBlob()], name, { type: "image/png" }));
      const how = { bubbles: true, cancelable: true };
      const target = document.activeElement ?? document.body;
      if (way === "paste") target.dispatchEvent(new ClipboardEvent("paste", { ...how, clipboardData: data }));
      else
        for (const type of ["dragenter", "dragover", "drop"])
          target.dispatchEvent(new DragEvent(type, { ...how, dataTransfer: data }));
    },
    [how, picture] as const,
  );
}

const shot = { name: "shot.png", width: 640, height: 400, colour: "#2c6be0" };
const second = { name: "second.png", width: 300, height: 600, colour: "#1f8a50" };
const files = (page: Page, state: string) =>
  page.locator(`[data-testid="draft-file"][data-state="${state}"]`);
const pictures = (page: Page) =>
  page.locator('[data-testid="entry"] [data-testid="thumbnail"][data-state="there"]');

describe("attachments on a page", () => {
  test("are pasted, dropped and picked, survive a reload, are sent, and looked at", async ({ expect }) => {
    const { page, context, complaints, id } = await openChat();
    await page.getByTestId("composer").fill("say got it");
    await give(page, "paste", shot);
    await give(page, "drop", second);
    const notes = join(signalbox.work, "notes.txt");
    writeFileSync(notes, "first line\nsecond line\n");
    await page.getByTestId("attach-input").setInputFiles(notes);
    await until("three files", async () => (await files(page, "there").count()) === 3);
    await give(page, "paste", shot);
    await until("the same file once", async () => (await page.getByTestId("draft-file").count()) === 3);

    await page.reload();
    await until("three files after a reload", async () => (await files(page, "there").count()) === 3);
    expect(await page.getByTestId("composer").inputValue()).toBe("say got it");
    await files(page, "there").filter({ hasText: "second.png" }).getByTestId("remove-file").click();
    await page.getByTestId("tray").locator('[data-testid="thumbnail"][data-state="there"]').click();
    await page.getByTestId("lightbox").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("lightbox").waitFor({ state: "detached" });
    await give(page, "paste", second);
    await until("three files again", async () => (await files(page, "there").count()) === 3);
    await page.getByTestId("send").click();

    await page.locator('[data-testid="turn"][data-state="done"]').waitFor({ timeout: 20_000 });
    await page.getByText("I got 3 files").waitFor();
    await page.getByText("this model takes no images").first().waitFor();
    expect(await page.getByTestId("tray").count()).toBe(0);
    await until("both pictures", async () => (await pictures(page).count()) === 2);
    const place = await pictures(page).first().boundingBox();
    expect([place?.width, place?.height]).toEqual([280, 175]);

    await pictures(page).first().click();
    const name = page.getByTestId("lightbox-name");
    expect(await name.textContent()).toBe("shot.png");
    await page.keyboard.press("ArrowRight");
    expect(await name.textContent()).toBe("second.png");
    await page.keyboard.press("ArrowRight");
    expect(await name.textContent()).toBe("shot.png");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    expect((await download).suggestedFilename()).toBe("shot.png");
    await page.keyboard.press("Escape");

    await page.getByTestId("file-chip").click();
    await page.getByTestId("preview").getByText("second line").waitFor();
    await page.keyboard.press("Escape");

    await page.reload();
    await until("both pictures after a reload", async () => (await pictures(page).count()) === 2);
    expect(await page.getByTestId("draft-file").count()).toBe(0);
    expect(complaints).toEqual([]);

    // With the chat they go.
    const path = await page
      .locator('[data-testid="entry"] [data-testid="thumbnail"] img')
      .first()
      .getAttribute("src");
    const picture = () =>
      fetch(`${signalbox.url}${path}`, { headers: { authorization: `Bearer ${signalbox.token}` } });
    expect((await picture()).headers.get("content-type")).toBe("image/png");
    await signalbox.api(z.null(), `/api/sessions/${id}`, { method: "DELETE" });
    expect((await picture()).status).toBe(404);
    await context.close();
  });

  test("that fail are said to have failed, are tried again, and nothing is sent without them", async ({
    expect,
  }) => {
    const { page, context } = await openChat({ screen: "phone" });
    await page.getByTestId("camera").waitFor();
    await page.route("**/attachments?*", (route) => route.abort());
    await page.getByTestId("composer").fill("say sent");
    await give(page, "paste", shot);
    await page.getByTestId("file-problem").getByText("shot.png: Signalbox does not answer").waitFor();
    expect(await page.getByTestId("send").isDisabled()).toBe(true);
    await page.unroute("**/attachments?*");
    await page.getByTestId("retry-file").tap();
    await files(page, "there").waitFor();

    await page.route("**/messages", (route) => route.abort());
    await page.getByTestId("send").tap();
    await files(page, "there").waitFor();
    expect(await page.getByTestId("composer").inputValue()).toBe("say sent");
    await page.unroute("**/messages");
    await page.route("**/attachments/*", (route) => route.abort());
    await page.getByTestId("send").tap();
    const broken = page.locator('[data-testid="entry"] [data-testid="thumbnail"][data-state="broken"]');
    await broken.waitFor({ timeout: 20_000 });
    await page.unroute("**/attachments/*");
    await broken.tap();
    await pictures(page).tap();
    const lightbox = page.getByTestId("lightbox");
    await lightbox.waitFor();
    await page.mouse.move(200, 300);
    await page.mouse.down();
    await page.mouse.move(210, 500, { steps: 3 });
    await page.mouse.up();
    await lightbox.waitFor({ state: "detached" });
    await context.close();
  });
});
