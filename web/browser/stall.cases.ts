import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { CuttableProxy } from "../../tests/support/CuttableProxy.ts";
import type { FixtureServer } from "../fixtures/startFixtureServer.ts";
import { sessionId, stage, until } from "./stage.ts";

const bar = (page: Page) => page.getByTestId("connection-bar");
const sessionBar = (page: Page) => page.getByTestId("session-connection");
const phase = (page: Page) => page.getByTestId("connection").getAttribute("data-phase");

/** A page behind a line that can be cut or go dead, with its clock in the test's hands. */
function behindProxy(
  play: (at: { page: Page; server: FixtureServer; proxy: CuttableProxy; id: string }) => Promise<void>,
): Promise<void> {
  return stage({ scene: "chats", complains: true }, async ({ page, server }) => {
    const proxy = await CuttableProxy.start(Number(new URL(server.url).port));
    try {
      const id = sessionId(server, "New chat");
      await page.clock.install();
      await page.goto(`http://127.0.0.1:${proxy.port}/sessions/${id}`);
      await page.getByTestId("empty-chat").waitFor();
      await until(
        () => phase(page),
        (is) => is === "live",
        "a live page",
      );
      await play({ page, server, proxy, id });
    } finally {
      proxy.stop();
    }
  });
}

/** Lets time pass for the page, a second at a time, as a clock does. */
async function pass(page: Page, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await page.clock.runFor(1_000);
}

describe("a connection that fails while it looks open", () => {
  it("is told of, healed without a reload, and everything that came meanwhile is there once", () =>
    behindProxy(async ({ page, server, proxy, id }) => {
      proxy.freeze();
      server.append(id, { type: "notice", level: "info", message: "said into the void" });
      await pass(page, 17);
      expect(await phase(page)).toBe("stalled");
      await bar(page).getByText("Signalbox does not answer right now. What is shown may be old.").waitFor();
      // It gives the silent socket up by itself, and the next one goes through.
      await pass(page, 15);
      await page.getByText("said into the void").waitFor();
      await until(
        async () => {
          await page.clock.runFor(500);
          return (await bar(page).count()) + (await sessionBar(page).count());
        },
        (count) => count === 0,
        "no banner",
      );
      expect(await phase(page)).toBe("live");
      expect(await page.getByText("said into the void").count()).toBe(1);
    }));

  it("is tried anew at once when the person asks for it", () =>
    behindProxy(async ({ page, proxy }) => {
      proxy.freeze();
      await pass(page, 17);
      await bar(page).getByRole("button", { name: "Try now" }).click();
      await until(
        () => phase(page),
        (is) => is === "live",
        "a live page",
      );
      await bar(page).getByText("Connected.").waitFor();
      await pass(page, 2);
      expect(await bar(page).count()).toBe(0);
    }));

  it("is asked when the page wakes, and given up when it has died meanwhile", () =>
    behindProxy(async ({ page, server, proxy, id }) => {
      proxy.freeze();
      server.append(id, { type: "notice", level: "info", message: "said while it slept" });
      await page.evaluate(() => void dispatchEvent(new Event("pageshow")));
      await pass(page, 6);
      await page.getByText("said while it slept").waitFor();
      expect(await page.getByText("said while it slept").count()).toBe(1);
    }));

  it("is not worth a word when it is back within a second, however often", () =>
    behindProxy(async ({ page, server, proxy, id }) => {
      await page.evaluate(() => {
        const seen: string[] = [];
        Object.assign(globalThis, { seen });
        new MutationObserver(() => {
          const found = document.querySelector(
            '[data-testid="connection-bar"],[data-testid="session-connection"]',
          );
          if (found !== null) seen.push(found.textContent);
        }).observe(document.body, { childList: true, subtree: true });
      });
      // Only the test moves the clock now, however slow the machine is.
      await page.clock.pauseAt(Date.now() + 10_000);
      for (let round = 0; round < 4; round++) {
        proxy.cut();
        await until(
          () => phase(page),
          (is) => is !== "live",
          "a page that is cut off",
        );
        await page.clock.runFor(600);
        await until(
          () => phase(page),
          (is) => is === "live",
          "a live page",
        );
        // The session's own connection is back as well: what is said comes.
        server.append(id, { type: "notice", level: "info", message: `said in round ${round}` });
        await until(
          async () => {
            await page.clock.runFor(20);
            return page.getByText(`said in round ${round}`).count();
          },
          (count) => count === 1,
          "what is said in the session",
        );
        await page.clock.runFor(6_000);
      }
      expect(await page.evaluate("seen")).toEqual([]);
    }));

  it("of the session alone is told of in the session", () =>
    stage({ scene: "chats", complains: true }, async ({ page, server }) => {
      let block = false;
      await page.routeWebSocket(/\/api\/sessions\/.*\/live$/, (socket) =>
        block ? void socket.close({ code: 1013 }) : void socket.connectToServer(),
      );
      await page.goto(`/sessions/${sessionId(server, "New chat")}`);
      await page.getByTestId("empty-chat").waitFor();
      block = true;
      server.drop(1001);
      await sessionBar(page).getByText("What is shown may be old.", { exact: false }).waitFor();
      expect(await bar(page).count()).toBe(0);
      block = false;
      await sessionBar(page).waitFor({ state: "detached" });
      expect(await phase(page)).toBe("live");
    }));
});
