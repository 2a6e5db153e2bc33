import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import * as z from "zod";
import { page as pageOf } from "../../protocol/api.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { WholeTask } from "../../protocol/taskApi.ts";
import { Task } from "../../protocol/tasks.ts";
import { launchBrowser } from "../support/browser.ts";
import { signIn } from "../support/SessionPage.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const Events = z.object({ items: z.array(z.looseObject({ type: z.string() })) });

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

const add = (prompt: string, title: string) =>
  signalbox.api(Task, "/api/tasks", {
    body: { title, tries: 1, spec: { provider: "edge", prompt, model: "offline/builtin" } },
  });
const show = (id: string) => signalbox.api(WholeTask, `/api/tasks/${id}`);
const turnsOf = async (session: string) => {
  const { items } = await signalbox.api(Events, `/api/sessions/${session}/events?after=0&limit=1000`);
  return items.filter(({ type }) => type === ("turn_started" satisfies SessionEvent["type"])).length;
};

describe("tasks", () => {
  test("are added on a phone, watched, read, ended and run again", async ({ expect }) => {
    const { page, context, complaints } = await signIn(browser, signalbox, { screen: "phone" });
    await page.getByRole("link", { name: "Work" }).click();
    await page.getByTestId("work-tasks").click();
    await page.getByText("No tasks yet").waitFor();
    await page.getByTestId("new-task").click();
    await page.getByTestId("task-prompt").fill("say **all links are well**");
    await page.getByTestId("task-title").fill("Look for dead links");
    await page.getByTestId("add-task").click();
    const done = page.locator('[data-status="completed"]');
    await done.getByText("Look for dead links").waitFor();
    await done.getByTestId("task-more").click();
    await done.getByTestId("task-result").getByText("all links are well").waitFor();

    // What is added elsewhere is here at once.
    const { id } = await add("slow 3000", "A long one");
    const long = page.locator(`[data-task="${id}"]`);
    await long.getByText("Running").waitFor();
    await page.getByTestId("bottom-bar").getByText("1", { exact: true }).waitFor();
    await long.getByTestId("cancel-task").click();
    await long.getByText("Cancelled").waitFor();
    expect((await show(id)).status).toBe("cancelled");
    await long.getByTestId("retry-task").click();
    await long.getByText("Running").waitFor();
    await long.getByTestId("task-session").click();
    await page.waitForURL((url) => url.pathname.startsWith("/sessions/"));
    await page.getByRole("heading", { name: "A long one" }).waitFor();
    await signalbox.api(Task, `/api/tasks/${id}/cancel`, { method: "POST" });
    // Who looks elsewhere is told, and led there.
    await add("slow 20\nthen say done", "A short one");
    const toast = page.getByTestId("toast").filter({ hasText: "A short one has finished." });
    await toast.getByRole("link", { name: "Open" }).click();
    await page.getByTestId("task-result").getByText("done").waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("go on after the edge was killed, again and again: none is lost, none runs twice", async ({
    expect,
  }) => {
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) ids.push((await add(`slow 4\nthen say the ${i}. answer`, `Task ${i}`)).id);
    for (let round = 0; round < 3; round++) {
      await signalbox.kill("edge");
      await until(
        "the edge to be back",
        async () => (await signalbox.api(pageOf(Task), "/api/tasks")).items.length > 0,
      );
    }
    const tasks = await until(
      "the end of all tasks",
      async () => {
        const all = await Promise.all(ids.map(show));
        return all.every(({ ended_at }) => ended_at !== null) ? all : null;
      },
      120_000,
    );
    expect(tasks.map(({ status }) => status)).toEqual(ids.map(() => "completed"));
    for (const [i, { session, result, tries }] of tasks.entries()) {
      expect(result).toContain(`the ${i}. answer`);
      expect(tries).toBe(1);
      expect(await turnsOf(session ?? "")).toBe(1);
    }
  });
});
