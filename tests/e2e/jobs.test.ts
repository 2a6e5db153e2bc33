import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { signIn } from "../support/SessionPage.ts";
import { ROOT, Signalbox } from "../support/signalbox.ts";

let signalbox: Signalbox;
let browser: Browser;

beforeAll(async () => {
  const counter = join(ROOT, "tests/support/counterCodex.mjs");
  [signalbox, browser] = await Promise.all([
    Signalbox.start({ config: `agents: { codex: ${counter} }\n` }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
});

describe("a job in the browser", () => {
  test(
    "counts to ten thousand before a page that never reloads, while everything is killed",
    { timeout: 240_000 },
    async ({ expect }) => {
      const { page, context } = await signIn(browser, signalbox);
      const { items } = await signalbox.api(
        z.object({ items: z.array(z.object({ id: z.string() })) }),
        "/api/hosts",
      );
      const body = {
        provider: "codex",
        host: items[0]?.id,
        cwd: signalbox.work,
        prompt: "COUNT: 10000\nRATE: 1200",
      };
      const { id } = await signalbox.api(z.object({ id: z.string() }), "/api/sessions", { body });
      await page.goto(`/sessions/${id}`);
      await page.evaluate(() => Object.assign(window, { neverReloaded: true }));
      await page
        .getByText(/^number \d+$/)
        .first()
        .waitFor();
      for (const part of ["agent", "edge", "agent", "edge"] as const) {
        await signalbox.kill(part);
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      }
      await page.getByText("number 10000", { exact: true }).waitFor({ timeout: 180_000 });
      // Upwards through the whole list, as a person scrolls: every number once, in order.
      const seen = await readUpwards(page);
      expect(seen).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
      expect(await page.evaluate(() => "neverReloaded" in window)).toBe(true);
      await context.close();
    },
  );
});

/** Scrolls the conversation to its top and collects its numbers; throws when two cards beside each other are not consecutive. */
async function readUpwards(page: Page): Promise<number[]> {
  const numbers = new Set<number>();
  const list = page.getByRole("log");
  for (let still = 0; still < 20;) {
    const screen = await list.evaluate((element) => {
      const cards = [...element.querySelectorAll("[data-index]")]
        .map((card) => ({
          place: Number(card.getAttribute("data-index")),
          number: Number(/number (\d+)/.exec(card.textContent ?? "")?.[1] ?? 0),
        }))
        .sort((a, b) => a.place - b.place);
      element.scrollTop -= element.clientHeight * 0.8;
      return { cards, top: element.scrollTop };
    });
    let last = 0;
    for (const { number } of screen.cards) {
      if (number === 0) continue;
      if (last !== 0 && number !== last + 1) throw new Error(`number ${number} is shown after ${last}`);
      last = number;
      numbers.add(number);
    }
    still = screen.top === 0 ? still + 1 : 0;
    await page.waitForTimeout(5);
  }
  return [...numbers].sort((a, b) => a - b);
}
