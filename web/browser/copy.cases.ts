import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { FixtureServer } from "../fixtures/startFixtureServer.ts";
import { isEmpty, isKept } from "./kept.ts";
import { sessionId, sessionPath, stage, until } from "./stage.ts";

const scene = "chats" as const;
const NEW = sessionPath("New chat");
const call = (page: Page, state: string) => page.locator(`[data-testid="call"][data-state="${state}"]`);
const turn = (page: Page, state: string) => page.locator(`[data-testid="turn"][data-state="${state}"]`);

function talk(server: FixtureServer, id: string, from: number, count: number): void {
  for (let turnNumber = from; turnNumber < from + count; turnNumber++)
    server.append(
      id,
      { type: "turn_started", turn: turnNumber, thread: null },
      {
        type: "item",
        id: "u",
        turn: turnNumber,
        item: { kind: "user_message", text: `question ${turnNumber}` },
      },
      { type: "item", id: "m", turn: turnNumber, item: { kind: "message", text: `answer ${turnNumber}` } },
      { type: "turn_completed", turn: turnNumber, usage: null },
    );
}

describe("what this browser keeps of a session", () => {
  it("is shown before the edge has spoken, with nothing that may not be true, and corrected by exactly the rest", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      talk(server, id, 1, 3);
      await page.getByTestId("composer").fill("run git status");
      await page.getByTestId("send").click();
      await call(page, "waiting").waitFor();
      const before = server.chats.approvals().find((approval) => approval.session === id);
      await isKept(page, id, 14);

      server.hold();
      await page.reload();
      await page.getByText("answer 3").waitFor();
      await call(page, "unknown").getByText("Not known yet").first().waitFor();
      await turn(page, "unknown").waitFor();
      expect(await page.getByTestId("allow-once").isDisabled()).toBe(true);
      expect(await page.getByTestId("stop").count()).toBe(0);
      await page.locator('[data-testid="session-status"][data-status="unknown"]').waitFor();
      expect(await page.getByTestId("connection").getAttribute("data-phase")).toBe("connecting");

      // Meanwhile somebody else decided.
      const second = await page.context().newPage();
      const answer = await second.request.post(`/api/approvals/${before?.id}/decision`, {
        data: { decision: "allow", scope: "once" },
      });
      expect(answer.ok()).toBe(true);
      await until(
        () => server.chats.approvals().find(({ id: other }) => other === before?.id)?.status,
        (status) => status !== "pending",
        "the decision",
      );
      server.release();
      await call(page, "completed").waitFor();
      await turn(page, "done").last().waitFor();
      const keys = await page
        .getByTestId("entry")
        .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-key")));
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.filter((key) => key?.startsWith("item 3 "))).toEqual(["item 3 u", "item 3 m"]);
      expect(await page.getByTestId("call").count()).toBe(1);
      const hello = server.hellos.at(-1);
      expect(hello).toMatchObject({ seq: expect.any(Number), epoch: "fixture" });
      expect(server.hellos).toHaveLength(2);
    }));

  it("gives way to a fresh tail when it lags far behind, or when the log is another", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      talk(server, id, 1, 3);
      await isKept(page, id, 12);
      await page.goto("/hosts");
      talk(server, id, 4, 400);
      server.hold();
      await page.goto(`/sessions/${id}`);
      await page.getByText("answer 3", { exact: true }).waitFor();
      server.release();
      await page.getByText("answer 403", { exact: true }).waitFor();
      expect(await page.getByText("answer 3", { exact: true }).count()).toBe(0);
      const turns = await page
        .locator('[data-kind="turn"]')
        .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute("data-key")?.split(" ")[1])));
      expect(turns).toEqual(turns.map((_, index) => (turns[0] ?? 0) + index));
      expect(turns.at(-1)).toBe(403);
    }));

  it("goes when the person signs out, and is not made again by a page that is still open", () =>
    stage({ scene, path: NEW, complains: true }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      talk(server, id, 1, 1);
      await isKept(page, id, 4);
      const second = await page.context().newPage();
      await second.goto("/hosts");
      server.signOut();
      await page.getByText("You are not signed in.").waitFor();
      await isEmpty(second);
    }));

  it("goes with the button that signs out", () =>
    stage({ scene, path: NEW, complains: true }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      talk(server, id, 1, 1);
      await isKept(page, id, 4);
      await page.goto("/settings");
      await page.getByTestId("sign-out").click();
      await page.waitForURL(/sign-in/);
      await isEmpty(page);
    }));

  it("goes when another person comes, who never sees it", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      talk(server, id, 1, 1);
      await isKept(page, id, 4);
      server.person("somebody@else");
      await page.goto("/hosts");
      await isEmpty(page);
      server.hold();
      await page.goto(`/sessions/${id}`);
      await page.getByLabel("Loading the session").waitFor();
      server.release();
      await page.getByText("answer 1", { exact: true }).waitFor();
    }));

  it.each([
    [
      "there is no database",
      "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('Not here.') } })",
    ],
    [
      "the database does not open",
      "IDBFactory.prototype.open = () => { throw new DOMException('No.', 'InvalidStateError') }",
    ],
    [
      "it is full",
      "IDBObjectStore.prototype.put = () => { throw new DOMException('Full.', 'QuotaExceededError') }",
    ],
    ["it never answers", "IDBFactory.prototype.open = () => new EventTarget()"],
  ])("is nothing, and says so once at most, when %s", (_, script) =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      const said: string[] = [];
      page.on("console", (message) => message.type() === "warning" && said.push(message.text()));
      await page.addInitScript(script);
      await page.reload();
      const id = sessionId(server, "New chat");
      talk(server, id, 1, 2);
      await page.getByText("answer 2", { exact: true }).waitFor();
      await page.goto("/hosts");
      await page.goto(`/sessions/${id}`);
      await page.getByText("answer 2", { exact: true }).waitFor();
      expect(await page.getByText("answer 1", { exact: true }).count()).toBe(1);
      const ours = said.filter((line) => line.includes("keeps no copies"));
      // Once per page.
      expect(ours.length).toBeLessThanOrEqual(3);
    }),
  );
});
