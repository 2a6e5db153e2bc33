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
  await signalbox.run("git", ["init", "-q", "-b", "main", signalbox.work]);
  await signalbox.run("sh", ["-c", "seq 1 1500 > long.txt"]);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await signalbox?.stop();
});

const Id = z.looseObject({ id: z.string() });
const Hosts = z.object({ items: z.array(Id.extend({ presence: z.string() })) });

async function newChat(): Promise<string> {
  const host = await until("the host to be online", async () =>
    (await signalbox.api(Hosts, "/api/hosts")).items.find(({ presence }) => presence === "online"),
  );
  const body = { provider: "edge", host: host.id, cwd: signalbox.work };
  return (await signalbox.api(Id, "/api/sessions", { body })).id;
}

const say = (chat: string, text: string) =>
  signalbox.api(Id, `/api/sessions/${chat}/messages`, { body: { text } });
const lines = (page: Page, kind: string, state: string) =>
  page.locator(`[data-testid="span"][data-kind="${kind}"][data-state="${state}"]`);
const shape = (page: Page) =>
  page
    .getByTestId("span")
    .evaluateAll((rows) =>
      rows.map((row) => `${row.getAttribute("aria-level")} ${row.dataset.kind} ${row.dataset.state}`),
    );
const turns = (page: Page, state: string) =>
  page.locator(`[data-testid="timeline-turn"][data-state="${state}"]`);

describe("the traces of a chat", () => {
  test("show a turn with its approval and its tool as they happen, and the same after a reload and an end of the edge", async ({
    expect,
  }) => {
    const chat = await newChat();
    const { page, context, complaints } = await signIn(browser, signalbox);
    await page.goto(`/sessions/${chat}?tab=traces`);
    await page.getByText("Nothing has been traced yet").waitFor();
    await say(chat, "run git status");

    await lines(page, "approval", "waiting").waitFor({ timeout: 30_000 });
    expect(await shape(page)).toEqual([
      "1 turn waiting",
      "2 model ok",
      "3 tool waiting",
      "4 approval waiting",
    ]);
    await signalbox.kill("edge");
    await page.reload();
    await lines(page, "approval", "waiting").waitFor({ timeout: 60_000 });
    const Approvals = z.object({ items: z.array(Id) });
    const [approval] = (await signalbox.api(Approvals, `/api/approvals?status=pending&session=${chat}`))
      .items;
    await signalbox.api(Id, `/api/approvals/${approval?.id}/decision`, { body: { decision: "allow" } });

    const whole = ["1 turn ok", "2 model ok", "3 tool ok", "4 approval ok", "2 model ok"];
    await lines(page, "turn", "ok").waitFor({ timeout: 30_000 });
    await until("the whole tree", async () => (await shape(page)).join() === whole.join());
    await page.reload();
    await lines(page, "turn", "ok").waitFor();
    expect(await shape(page)).toEqual(whole);

    await lines(page, "tool", "ok").click();
    const details = page.getByTestId("span-details");
    await details.getByText("No commits yet").waitFor();
    // The keys fold, unfold and move.
    await page.getByTestId("trace").press("ArrowLeft");
    await until("the tool to be folded", async () => (await shape(page)).length === 4);
    await page.getByTestId("trace").press("ArrowRight");
    await page.getByTestId("trace").press("ArrowRight");
    await until("the wait to be chosen", async () =>
      (await details.textContent())?.includes("allowed by owner"),
    );
    await page.getByTestId("kind-model").click();
    await until("models alone", async () => (await shape(page)).join() === "1 turn ok,2 model ok,2 model ok");
    expect(complaints.filter((line) => !/ERR_|WebSocket|Failed to load/.test(line))).toEqual([]);
    await context.close();
  });

  test("give a long output whole when it is asked for, also once it is in the bucket and the edge began anew", async ({
    expect,
  }) => {
    const chat = await newChat();
    await say(chat, "read long.txt");
    const { page, context } = await signIn(browser, signalbox, { screen: "phone" });
    await page.goto(`/sessions/${chat}?tab=traces`);
    await lines(page, "turn", "ok").waitFor({ timeout: 30_000 });
    await signalbox.kill("edge");
    await until(
      "the edge to be back",
      async () => (await fetch(`${signalbox.url}/health`).catch(() => null))?.ok,
    );
    await lines(page, "tool", "ok").tap();
    const output = page.getByTestId("span-output");
    expect(await output.textContent()).not.toContain("1499");
    await until("the whole output", async () => {
      // What the dying edge did not answer is asked again, as a person would.
      const again = output.getByTestId("show-all");
      if ((await again.count()) > 0 && (await again.isEnabled({ timeout: 1_000 }).catch(() => false)))
        await again.tap();
      return (await output.textContent())?.includes("1499");
    });
    const text = await signalbox.api(
      z.object({ text: z.string() }),
      `/api/sessions/${chat}/traces/t1.s1.c00/output`,
    );
    expect(text.text).toContain("1499");
    await context.close();
  });

  test("lead from the timeline to a turn of the conversation, which the address then names", async ({
    expect,
  }) => {
    const chat = await newChat();
    const { page, context } = await signIn(browser, signalbox);
    await page.goto(`/sessions/${chat}`);
    await page.getByTestId("session-status").waitFor();
    await page.keyboard.press("l");
    for (let turn = 1; turn <= 8; turn++) {
      await say(chat, `long 60\nsay this was number ${turn}`);
      await turns(page, "ok")
        .nth(turn - 1)
        .waitFor({ timeout: 30_000 });
    }
    const first = page.locator('[data-key="item 1 t1.user"]');
    expect(await first.isVisible()).toBe(false);
    await page.locator('[data-testid="timeline-turn"][data-turn="1"]').click();
    await first.waitFor();
    expect(new URL(page.url()).searchParams.get("turn")).toBe("1");
    expect(await turns(page, "ok").first().getAttribute("aria-current")).toBe("location");
    await page.reload();
    await first.waitFor();
    await say(chat, "run git status");
    await turns(page, "waiting").waitFor({ timeout: 30_000 });
    await turns(page, "waiting").getByText("run_command").waitFor();
    expect(await first.isVisible()).toBe(true);
    await context.close();
  });
});
