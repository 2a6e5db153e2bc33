import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { newContext, newPage } from "../../tests/support/browser.ts";
import type { FixtureServer } from "../fixtures/startFixtureServer.ts";
import { sessionId, stage, until } from "./stage.ts";

const TURNS = 200;
const entry = (page: Page, key: string) => page.locator(`[data-testid="entry"][data-key="${key}"]`);
const pins = (page: Page) => page.getByTestId("pin").allTextContents();

function talk(server: FixtureServer): string {
  const id = sessionId(server, "New chat");
  for (let turn = 1; turn <= TURNS; turn++)
    server.append(
      id,
      { type: "turn_started", turn, thread: null },
      { type: "item", id: "u", turn, item: { kind: "user_message", text: `Question ${turn}` } },
      { type: "item", id: "m", turn, item: { kind: "message", text: `## Answer ${turn}\n\nand more` } },
      { type: "turn_completed", turn, usage: null },
    );
  return `/sessions/${id}`;
}

async function pin(page: Page, key: string): Promise<void> {
  await entry(page, key).hover();
  await entry(page, key).getByTestId("message-menu").click();
  await page.getByRole("menuitem", { name: "Pin", exact: true }).click();
}

describe("pinned messages", () => {
  it("stand above the chat, in the address, and are remembered; a link shows them to another, and goes to one far back", () =>
    stage({ scene: "chats", path: talk }, async ({ page, server }) => {
      const plain = page.url();
      await pin(page, `item ${TURNS} m`);
      await pin(page, `item ${TURNS} u`);
      expect(await pins(page)).toEqual([`You: Question ${TURNS}`, `Answer ${TURNS}`]);
      const newest = 2 + TURNS * 4;
      expect(new URL(page.url()).search).toBe(`?pins=${newest - 2},${newest - 1}`);
      await page.goto(plain);
      await until(
        () => pins(page),
        (words) => words.length === 2,
        "what was remembered",
      );

      // Seq 5 is the answer of the first turn, far before what is here.
      const context = await newContext(page.context().browser() ?? expect.fail(), {
        screen: "phone",
        baseURL: server.url,
      });
      const { page: other } = await newPage(context);
      await other.goto(`${new URL(plain).pathname}?pins=5,99999`);
      await other.getByTestId("pin").filter({ hasText: "Answer 1" }).waitFor();
      await other.getByTestId("pin").filter({ hasText: "A message that this log does not have" }).waitFor();
      await other.getByTestId("pin").first().tap();
      await entry(other, "item 1 m").waitFor();
      const keys = await other
        .getByTestId("entry")
        .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-key")));
      expect(new Set(keys).size).toBe(keys.length);
      await other.getByTestId("to-end").waitFor();
      await context.close();

      await page.getByTestId("pins").getByRole("button", { name: "Unpin" }).first().click();
      await page.getByTestId("pins").getByRole("button", { name: "Unpin" }).first().click();
      expect(await page.getByTestId("pins").count()).toBe(0);
      expect(new URL(page.url()).search).toBe("");
    }));
});
