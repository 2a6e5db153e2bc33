import { setTimeout as sleep } from "node:timers/promises";
import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser, type BrowserContext, type Page } from "playwright-core";

/** The two screens that everything is looked at on. */
export const DESK = { width: 1440, height: 900 } as const;
export const PHONE = { width: 390, height: 844 } as const;

/** What the bundled arguments hold for a function host and a test must not have: one process for all pages, no same-origin policy. */
const UNWANTED = [
  "--single-process",
  "--no-zygote",
  "--headless='shell'",
  "--disable-web-security",
  "--allow-running-insecure-content",
];

/** Starts the bundled browser (no download, no display; WebGL by software). The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  const args = chromium.args.filter((arg) => !UNWANTED.includes(arg));
  for (let attempt = 1; ; attempt++) {
    try {
      return await playwright.launch({
        executablePath: await chromium.executablePath(),
        args: [...args, "--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader"],
        headless: true,
      });
    } catch (error) {
      // Another process may still be unpacking the browser into the temp directory.
      if (attempt >= 10) throw error;
      await sleep(1_000);
    }
  }
}

export type PageOptions = {
  screen?: "desk" | "phone";
  theme?: "dark" | "light";
  /** Address that relative ones start from. */
  baseURL?: string;
  reducedMotion?: boolean;
};

/** A fresh person: own cookies, own storage, a desk or a phone. */
export async function newContext(browser: Browser, options: PageOptions = {}): Promise<BrowserContext> {
  const phone = options.screen === "phone";
  return browser.newContext({
    viewport: phone ? PHONE : DESK,
    deviceScaleFactor: phone ? 2 : 1,
    isMobile: phone,
    hasTouch: phone,
    colorScheme: options.theme ?? "dark",
    reducedMotion: options.reducedMotion === true ? "reduce" : "no-preference",
    ...(options.baseURL === undefined ? {} : { baseURL: options.baseURL }),
  });
}

export type WatchedPage = {
  page: Page;
  /** What the page complained of: uncaught errors and lines of the console at level error. */
  complaints: string[];
};

/** Opens a page and notes what it complains of. */
export async function newPage(context: BrowserContext): Promise<WatchedPage> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return { page, complaints };
}
