import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
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

const LINES = 60;
const call = (page: Page, state: string) => page.locator(`[data-testid="call"][data-state="${state}"]`);
const printed = (page: Page) => page.getByLabel("Output", { exact: true });

/** The numbers of the lines that the card shows; throws when one is missing, doubled or torn. */
async function lines(page: Page): Promise<number[]> {
  const text = (await printed(page).textContent()) ?? "";
  const numbers = text.split("\n").map((line) => Number(/^line (\d+)$/.exec(line)?.[1] ?? Number.NaN));
  const first = numbers[0] ?? 0;
  if (numbers.some((number, at) => number !== first + at)) throw new Error(`It shows:\n${text}`);
  return numbers;
}

test("a command's output grows on its one card, through a reload, a second page and the end of the edge", async ({
  expect,
}) => {
  const { page, context } = await signIn(browser, signalbox);
  await page.keyboard.press("n");
  await page.getByTestId("kind-chat").waitFor();
  await page.getByTestId("cwd").fill(signalbox.work);
  await page.getByTestId("start").click();
  const script = `let n=0;const t=setInterval(()=>{process.stdout.write('\\u001b[32mline '+n+'\\u001b[0m\\n');if(++n===${LINES})clearInterval(t)},200)`;
  await page.getByTestId("composer").fill(`run node -e "${script}"`);
  await page.getByTestId("send").click();
  await page.getByTestId("allow-once").click();

  const shows = (each: Page, line: number) =>
    until(`line ${line}`, async () =>
      (await printed(each).count()) > 0 ? (await lines(each)).includes(line) : false,
    );
  await shows(page, 5);
  expect(await call(page, "dispatched").count()).toBe(1);
  const second = await context.newPage();
  await second.goto(page.url());
  await shows(second, 5);
  await page.reload();
  const [first] = await until("the output again", async () =>
    (await printed(page).count()) > 0 ? lines(page) : null,
  );
  expect(first).toBe(0);
  await signalbox.kill("edge");
  for (const each of [page, second]) {
    await call(each, "completed").waitFor({ timeout: 60_000 });
    expect((await lines(each)).at(-1)).toBe(LINES - 1);
    expect(await each.getByTestId("call").count()).toBe(1);
    await each.getByRole("button", { name: /^Show \d+ lines above$/ }).click();
    expect(await lines(each)).toHaveLength(LINES);
  }
  await context.close();
});
