import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { HubClient } from "../support/HubClient.ts";
import { signIn, TerminalOnPage } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const PANES = 500;
const TMUX_SESSIONS = 10;
let signalbox: Signalbox;
let browser: Browser;
let hub: HubClient;

beforeAll(async () => {
  [signalbox, browser] = await Promise.all([Signalbox.start(), launchBrowser()]);
  const needle = join(signalbox.work, "needle");
  mkdirSync(needle);
  for (let n = 0; n < TMUX_SESSIONS; n++) {
    const windows = Array.from({ length: PANES / TMUX_SESSIONS - 1 }, () =>
      `;|new-window|-d|-t|many${n}:|sleep|10000`.split("|"),
    ).flat();
    const first = n === 0 ? ["-c", needle, "bash", "--norc", "--noprofile"] : ["sleep", "10000"];
    await signalbox.tmux("new-session", "-d", "-s", `many${n}`, "-x", "80", "-y", "24", ...first, ...windows);
  }
  hub = new HubClient(signalbox.url, signalbox.token);
});
afterAll(async () => {
  hub?.stop();
  await browser?.close();
  await signalbox?.stop();
});

/** Seconds of processor time that the daemon has used. */
function daemonCpu(): number {
  const pid = signalbox.record()?.agent.process?.pid ?? 0;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

/** How many rows the list has by its height, drawn or not. */
function rowsOf(page: Page): Promise<number> {
  return page.getByTestId("session-list").evaluate((list) => {
    const height = (element: Element | null) => element?.getBoundingClientRect().height ?? 1;
    return Math.floor(height(list.firstElementChild) / height(list.querySelector("a")));
  });
}

describe("five hundred panes", () => {
  test("all become sessions, once, and stay quiet", async ({ expect }) => {
    const began = performance.now();
    await until("500 sessions", () => hub.ready && hub.alive().length >= PANES);
    const seconds = (performance.now() - began) / 1000;
    // Until what is found out about them has been told, too.
    await sleep(8_000);
    expect(hub.sessions.size).toBe(PANES);
    const panes = hub.alive().map(({ pane }) => `${pane?.socket} ${pane?.pane}`);
    expect(new Set(panes).size).toBe(PANES);
    hub.count();
    const before = daemonCpu();
    await sleep(10_000);
    const idle = hub.count();
    console.log(
      `500 panes: sessions after ${seconds.toFixed(1)} s more; idle daemon ${((daemonCpu() - before) * 10).toFixed(1)} % of a core; ${idle.changes} changes in 10 s`,
    );
    expect(idle.changes).toBeLessThan(10);
    expect(hub.resets).toBe(1);
  });

  test("are listed by a page that draws few of them, found by the address bar, and open", async ({
    expect,
  }) => {
    const { page, context, complaints } = await signIn(browser, signalbox);
    await page.goto("/?ended=0");
    await until("the whole list", async () => (await rowsOf(page)) >= PANES);
    const drawn = await page.getByTestId("session-row").count();
    expect(drawn).toBeGreaterThan(5);
    expect(drawn).toBeLessThan(60);
    // The end of the list is there as well.
    await page.getByTestId("session-list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await until(
      "rows at the end",
      async () => (await page.getByTestId("session-row").count()) > 5 && (await rowsOf(page)) >= PANES,
    );
    expect(await page.getByTestId("session-row").count()).toBeLessThan(60);

    await page.goto("/?q=needle");
    await until("one row", async () => (await page.getByTestId("session-row").count()) === 1);
    await page.getByTestId("session-row").click();
    await page.waitForURL(/\/sessions\/ses_/);
    const terminal = new TerminalOnPage(page);
    await terminal.isLive();
    await page.getByTestId("terminal").click();
    await terminal.type("echo found-$((20+2))\n");
    await terminal.shows(/^found-22$/m);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("tell the hub differences only, also when half of them end", async ({ expect }) => {
    const { page, context } = await signIn(browser, signalbox);
    await page.goto("/?ended=0");
    await until("the whole list", async () => (await rowsOf(page)) >= PANES);
    await sleep(3_000);
    hub.count();
    await signalbox.tmux("new-window", "-d", "-t", "many1:", "sleep", "10000");
    await until("one more", () => hub.alive().length === PANES + 1);
    await sleep(3_000);
    const one = hub.count();
    expect(one.changes).toBeLessThan(10);

    const began = performance.now();
    for (let n = TMUX_SESSIONS / 2; n < TMUX_SESSIONS; n++)
      await signalbox.tmux("kill-session", "-t", `=many${n}`);
    await until("half of them", () => hub.alive().length === PANES / 2 + 1);
    const seconds = (performance.now() - began) / 1000;
    await until("half of the rows", async () => {
      const rows = await rowsOf(page);
      return rows >= PANES / 2 && rows < PANES / 2 + 5;
    });
    await sleep(3_000);
    const half = hub.count();
    console.log(
      `one more pane: ${one.changes} changes in ${one.frames} frames; 250 ended: seen after ${seconds.toFixed(1)} s, ${half.changes} changes in ${half.frames} frames, ${(half.bytes / 1024).toFixed(0)} KiB`,
    );
    // Each has ended and has lost its pane, and the others have nothing new.
    expect(half.changes).toBeLessThanOrEqual(3 * (PANES / 2));
    expect(hub.resets).toBe(1);
    await context.close();
  });
});
