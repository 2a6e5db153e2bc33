import type { Browser, BrowserContext, Page } from "playwright-core";
import { newContext, newPage, type PageOptions } from "./browser.ts";
import { until, type Signalbox } from "./signalbox.ts";

/** A person's browser, signed in. */
export async function signIn(
  browser: Browser,
  signalbox: Signalbox,
  options: PageOptions = {},
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await newContext(browser, { ...options, baseURL: signalbox.url });
  const { page, complaints } = await newPage(context);
  await page.goto(await signalbox.signInLink());
  await page.waitForURL((url) => url.pathname === "/");
  return { context, page, complaints };
}

/** The terminal of an open session page. */
export class TerminalOnPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(page: Page, session: string): Promise<TerminalOnPage> {
    await page.goto(`/sessions/${session}`);
    const terminal = new TerminalOnPage(page);
    await terminal.isLive();
    await terminal.shows(/\S/);
    await page.getByTestId("terminal").click();
    return terminal;
  }

  async isLive(): Promise<void> {
    await this.page.locator('[data-testid="terminal"][data-phase="live"]').waitFor({ timeout: 60_000 });
  }

  /** The visible text, line by line. */
  async text(): Promise<string> {
    return (await this.page.getByTestId("terminal-screen").textContent()) ?? "";
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** Pastes as a browser does: a paste event with text. */
  async paste(text: string): Promise<void> {
    await this.page.evaluate((pasted) => {
      const data = new DataTransfer();
      data.setData("text/plain", pasted);
      const target = document.activeElement ?? document.body;
      target.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    }, text);
  }

  async shows(what: RegExp): Promise<string> {
    let text = "";
    try {
      return await until(
        `the terminal to show ${what}`,
        async () => {
          text = await this.text();
          return what.test(text) ? text : null;
        },
        20_000,
      );
    } catch {
      throw new Error(`The terminal never showed ${what}. It shows:\n${text}`);
    }
  }
}
