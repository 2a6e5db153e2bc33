import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { FixtureServer } from "../fixtures/startFixtureServer.ts";
import { newPage } from "../../tests/support/browser.ts";
import { sessionId, sessionPath, stage, until } from "./stage.ts";

const scene = "chats" as const;
const NEW = sessionPath("New chat");

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("send").click();
}
const entries = (page: Page, kind: string) => page.locator(`[data-testid="entry"][data-kind="${kind}"]`);
const call = (page: Page, state: string) => page.locator(`[data-testid="call"][data-state="${state}"]`);
const pendingOf = (server: FixtureServer, session: string) =>
  server.chats.approvals().filter((approval) => approval.session === session);

describe("a chat", () => {
  it("says whom it talks to before the first word, and takes an example", () =>
    stage({ scene, path: NEW }, async ({ page }) => {
      await page.getByTestId("empty-chat").getByText("This chat talks to the offline model").waitFor();
      await page.getByTestId("example").first().click();
      expect(await page.getByTestId("composer").inputValue()).toBe("run git status");
    }));

  it("shows what is said at once, once, and the answer as it grows", () =>
    stage({ scene, path: NEW }, async ({ page }) => {
      await page.getByTestId("composer").fill("tell me");
      await page.keyboard.press("Enter");
      await page.getByText("tell me").first().waitFor();
      await page.locator('[data-testid="entry"][data-growing]').waitFor();
      await page.locator('[data-testid="turn"][data-state="done"]').waitFor();
      expect(await entries(page, "user_message").count()).toBe(1);
      expect(await page.getByTestId("unsent").count()).toBe(0);
      expect(await entries(page, "message").count()).toBe(1);
      await page.getByText("comes in pieces: bold, code, and an end.").waitFor();
    }));

  it("goes on with a part in the middle of a page that comes back, without losing or doubling a sign", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      server.append(id, { type: "turn_started", turn: 1, thread: null });
      const words = Array.from({ length: 60 }, (_, index) => `w${index}`);
      for (const [index, word] of words.entries()) {
        server.chats.grow(id, 1, "m", `${word} `);
        if (index === 20) server.drop(1001);
        if (index === 40) void page.reload();
        await page.waitForTimeout(15);
      }
      await until(
        () => entries(page, "message").first().textContent(),
        (text) => text?.trim() === words.join(" "),
        "the whole text",
      );
      expect(await entries(page, "message").count()).toBe(1);
    }));

  it("keeps one card from permission to result, at every reload and on a second page", () =>
    stage({ scene, path: NEW }, async ({ page, context, server }) => {
      const { page: second } = await newPage(context);
      await second.goto(page.url());
      await say(page, "run git status");
      for (const each of [page, second]) {
        await call(each, "waiting").getByTestId("call-state").getByText("Needs permission").waitFor();
        expect(await each.getByTestId("call").count()).toBe(1);
      }
      await page.reload();
      await call(page, "waiting").waitFor();
      expect(await page.getByTestId("call").count()).toBe(1);
      expect(await page.getByTestId("argv-line").textContent()).toBe("git status");
      await page.getByTestId("allow-once").click();
      for (const each of [page, second]) {
        await call(each, "completed").waitFor();
        await each.getByText("Your branch is up to date").waitFor();
        await each.locator('[data-testid="turn"][data-state="done"]').waitFor();
        expect(await each.getByTestId("call").count()).toBe(1);
        expect(await entries(each, "message").count()).toBe(1);
      }
      await page.reload();
      await call(page, "completed").waitFor();
      expect(await page.getByTestId("call").count()).toBe(1);
      expect(await entries(page, "message").count()).toBe(1);
      expect(server.asked.filter(({ path }) => path.includes("/decision"))).toHaveLength(1);
    }));

  it("decides side by side, each by itself", () =>
    stage({ scene, path: NEW }, async ({ page }) => {
      await say(page, "run first\nrun second");
      await until(
        () => call(page, "waiting").count(),
        (count) => count === 2,
        "two cards",
      );
      await page.getByTestId("entry").filter({ hasText: "second" }).getByTestId("deny").click();
      await call(page, "denied").waitFor();
      expect(await call(page, "waiting").count()).toBe(1);
      await page.getByTestId("allow-once").click();
      await call(page, "completed").waitFor();
      await page.locator('[data-testid="turn"][data-state="done"]').waitFor();
    }));

  it("allows for the session, shows the grant and revokes it", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      await say(page, "run one");
      await page.getByTestId("more-session").click();
      await page.getByTestId("expiry").selectOption("15m");
      await page.getByTestId("confirm-session").click();
      await page.locator('[data-testid="turn"][data-state="done"]').waitFor();
      expect(server.asked.at(-1)?.body).toMatchObject({ decision: "allow", scope: "session" });
      await page.getByTestId("grant").filter({ hasText: "running programs" }).waitFor();
      await say(page, "run two");
      await until(
        () => call(page, "completed").count(),
        (count) => count === 2,
        "a call without asking",
      );
      await page.getByTestId("revoke-grant").click();
      await until(
        () => page.getByTestId("grant").count(),
        (count) => count === 0,
        "no grant",
      );
    }));

  it("allows with another input, checked by the tool's schema, and shows both", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      await say(page, "run rm -rf dist");
      await page.getByTestId("more-edit").click();
      expect(await page.getByTestId("allow-edited").isDisabled()).toBe(true);
      await page.getByTestId("edit-argv").fill("rm -rf 'dist");
      await page.getByText("A ' is not closed.").waitFor();
      expect(await page.getByTestId("allow-edited").isDisabled()).toBe(true);
      await page.getByTestId("edit-argv").fill("rm -rf 'dist/old one'");
      await page.getByTestId("allow-edited").click();
      await call(page, "completed").waitFor();
      expect(server.asked.at(-1)?.body).toEqual({
        decision: "allow",
        scope: "once",
        input: { argv: ["rm", "-rf", "dist/old one"] },
      });
      await page.getByTestId("edited").getByText("'dist/old one'").waitFor();
    }));

  it("denies with a message", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      await say(page, "run make");
      await page.getByTestId("more-deny").click();
      await page.getByTestId("deny-message").fill("Use ninja");
      await page.getByTestId("confirm-deny").click();
      await call(page, "denied").waitFor();
      await page.getByTestId("approval").getByText("Use ninja").waitFor();
      expect(server.asked.at(-1)?.body).toEqual({ decision: "deny", message: "Use ninja" });
    }));

  it("makes a rule that covers the call, and no other", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      await say(page, "run npm test");
      await page.getByTestId("more-always").click();
      await page.getByText("Every call that begins like this").click();
      await page.getByTestId("rule-pattern").fill("run_command rm");
      expect(await page.getByTestId("confirm-always").isDisabled()).toBe(true);
      await page.getByTestId("rule-pattern").fill("run_command npm");
      await page.getByTestId("expiry").selectOption("7d");
      await page.getByTestId("confirm-always").click();
      await call(page, "completed").waitFor();
      expect(server.asked.at(-1)?.body).toMatchObject({
        decision: "allow",
        scope: "always",
        pattern: "run_command npm",
        expires_at: expect.any(Number),
      });
    }));

  it("says who was first when two decide", () =>
    stage({ scene, path: NEW, complains: true }, async ({ page, server }) => {
      await say(page, "run make");
      await call(page, "waiting").waitFor();
      const [approval] = pendingOf(server, sessionId(server, "New chat"));
      if (approval === undefined) throw new Error("nothing waits");
      // The other decision is made where this page does not hear of it yet.
      await page.route("**/decision", (route) =>
        route.fulfill({
          status: 409,
          contentType: "application/json",
          body: JSON.stringify({
            error: { code: "already_decided", message: "mo has denied this already at 12:03." },
          }),
        }),
      );
      await page.getByTestId("allow-once").click();
      await page.getByTestId("decision-problem").getByText("mo has denied this already").waitFor();
      expect(await page.getByTestId("allow-once").count()).toBe(0);
      server.chats.put({
        ...approval,
        status: "denied",
        decided_by: "mo",
        decided_at: Date.now(),
        version: 2,
      });
      await page.getByTestId("approval").getByText("Denied by mo").waitFor();
    }));

  it("keeps the choice when a decision did not arrive", () =>
    stage({ scene, path: NEW, complains: true }, async ({ page, server }) => {
      await say(page, "run make");
      await call(page, "waiting").waitFor();
      server.down();
      await page.getByTestId("allow-once").click();
      await page.getByTestId("decision-problem").getByText("does not answer").waitFor();
      server.up();
      await page.getByTestId("allow-once").click();
      await call(page, "completed").waitFor();
    }));

  it("asks, and takes one of its answers or one's own", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      await say(page, "ask Which one? [this|that]");
      const question = page.getByTestId("question");
      await question.getByTestId("option").filter({ hasText: "that" }).click();
      await question.getByText("You answered: that").waitFor();
      expect(server.asked.at(-1)?.body).toMatchObject({ type: "answer", text: "that" });
      expect(await question.count()).toBe(1);
    }));

  it("queues what is said while a turn runs, to be changed and taken back, and goes on with it", () =>
    stage({ scene, path: NEW }, async ({ page }) => {
      await say(page, "run make");
      await call(page, "waiting").waitFor();
      await say(page, "then this");
      await say(page, "and not this");
      await until(
        () => page.getByTestId("queued").count(),
        (count) => count === 2,
        "two that wait",
      );
      await page.getByTestId("queued").last().getByRole("button", { name: "Take the message back" }).click();
      await until(
        () => page.getByTestId("queued").count(),
        (count) => count === 1,
        "one that waits",
      );
      await page.getByTestId("queued").getByRole("button", { name: "Change the message" }).click();
      await page.getByTestId("queued-text").fill("then that");
      await page.keyboard.press("Enter");
      await page.getByTestId("queued").getByText("then that").waitFor();
      await page.getByTestId("allow-once").click();
      await entries(page, "user_message").filter({ hasText: "then that" }).waitFor();
      await until(
        () => page.locator('[data-testid="turn"][data-state="done"]').count(),
        (count) => count === 2,
        "two turns",
      );
      expect(await page.getByTestId("queue").count()).toBe(0);
    }));

  it("is stopped while it waits; what it asked for is withdrawn", () =>
    stage({ scene, path: NEW }, async ({ page }) => {
      await say(page, "run make");
      await call(page, "waiting").waitFor();
      await page.getByTestId("stop").click();
      await page.locator('[data-testid="turn"][data-state="stopped"]').waitFor();
      await call(page, "cancelled").waitFor();
      expect(await page.getByTestId("allow-once").count()).toBe(0);
      expect(await page.getByTestId("stop").count()).toBe(0);
    }));

  it("takes its model and place from commands and from a thumb", () =>
    stage({ scene, path: NEW, screen: "phone" }, async ({ page, server }) => {
      await page.getByTestId("composer").fill("/model gpt");
      await page.getByTestId("slash").getByText("openai/gpt-5.5").waitFor();
      await page.getByTestId("send").tap();
      await page.getByTestId("pick-model").filter({ hasText: "GPT-5.5" }).waitFor();
      await page.getByTestId("pick-model").tap();
      await page.getByText("High", { exact: true }).tap();
      await page.getByTestId("choose-model").tap();
      await until(
        () => server.asked.at(-1)?.body,
        (body) => JSON.stringify(body).includes('"effort":"high"'),
        "the effort",
      );
      await page.getByTestId("pick-place").tap();
      await page.getByTestId("place-host").selectOption({ label: "studio" });
      await page.getByTestId("choose-place").tap();
      await page.getByText("Works on studio").waitFor();
      await page.getByTestId("composer").fill("/nonsense is a message");
      await page.getByTestId("send").tap();
      await entries(page, "user_message").getByText("/nonsense is a message").waitFor();
    }));

  it("gives back what was written when it cannot be sent", () =>
    stage({ scene, path: NEW, complains: true }, async ({ page, server }) => {
      await page.getByTestId("composer").waitFor();
      server.down();
      await say(page, "important words");
      await page.getByTestId("toast").filter({ hasText: "does not answer" }).waitFor();
      expect(await page.getByTestId("composer").inputValue()).toBe("important words");
      expect(await page.getByTestId("unsent").count()).toBe(0);
    }));

  it("starts from the dialog, first of all kinds, without a host too", () =>
    stage({ scene }, async ({ page, server }) => {
      await page.getByTestId("session-row").first().waitFor();
      await page.keyboard.press("n");
      expect(await page.getByTestId("kind-chat").isChecked()).toBe(true);
      await page.getByTestId("host").selectOption("");
      await page.getByTestId("chat-model").selectOption("deepseek/deepseek-chat");
      await page.getByTestId("start").click();
      await page.getByTestId("empty-chat").getByText("It works on no host yet").waitFor();
      expect(server.asked[0]?.body).toEqual({
        id: expect.stringMatching(/^ses_/),
        provider: "edge",
        model: "deepseek/deepseek-chat",
      });
    }));
});

describe("the inbox", () => {
  const rows = (page: Page) => page.getByTestId("inbox-approval");

  it("lists what asks for permission over what waits, and counts both once", () =>
    stage({ scene, path: "/inbox" }, async ({ page }) => {
      await until(
        () => rows(page).count(),
        (count) => count === 3,
        "three approvals",
      );
      expect(await page.getByTestId("inbox-card").count()).toBe(2);
      await until(
        () => page.title(),
        (title) => title.startsWith("(5)"),
        "the count",
      );
    }));

  it("is worked through with the keyboard alone", () =>
    stage({ scene, path: "/inbox" }, async ({ page, server }) => {
      await rows(page).first().waitFor();
      // Nothing is selected yet: a key that slips decides nothing.
      await page.keyboard.press("a");
      expect(server.asked).toEqual([]);
      await page.keyboard.press("j");
      await page.keyboard.press("d");
      await rows(page).first().locator('[data-testid="approval"][data-status="denied"]').waitFor();
      await page.keyboard.press("a");
      await rows(page).nth(1).locator('[data-testid="approval"][data-status="allowed"]').waitFor();
      expect(server.asked.map(({ body }) => body)).toEqual([
        { decision: "deny" },
        { decision: "allow", scope: "once" },
      ]);
      await page.keyboard.press("Enter");
      await page.getByTestId("session").waitFor();
    }));

  it("says what happens while the host is away, and shows what another person decides in place", () =>
    stage({ scene, path: "/inbox" }, async ({ page, server }) => {
      await rows(page).first().getByTestId("away").getByText("garage is not connected").waitFor();
      const [approval] = pendingOf(server, sessionId(server, "The sensor"));
      if (approval === undefined) throw new Error("nothing waits");
      server.chats.put({
        ...approval,
        status: "allowed",
        decision_scope: "once",
        delivery: "pending",
        decided_by: "mo",
        decided_at: Date.now(),
        version: 2,
      });
      await rows(page).first().getByText("Allowed once by mo; on its way").waitFor();
      expect(await rows(page).count()).toBe(3);
    }));

  it("is narrowed, and denied at once as it is narrowed", () =>
    stage({ scene, path: "/inbox" }, async ({ page, server }) => {
      await rows(page).first().waitFor();
      await page.getByRole("button", { name: "workshop", exact: true }).click();
      await until(
        () => rows(page).count(),
        (count) => count === 2,
        "two of them",
      );
      await page.getByTestId("deny-all").click();
      await page.getByTestId("deny-all-dialog").getByRole("textbox").fill("Not today");
      await page.getByTestId("confirm").click();
      await until(
        () => server.chats.approvals().length,
        (count) => count === 1,
        "one that is left",
      );
      expect(server.asked.map(({ body }) => body)).toEqual([
        { decision: "deny", message: "Not today" },
        { decision: "deny", message: "Not today" },
      ]);
    }));

  it("draws hostile and odd markdown as text, tables, lists and code, and never as markup", () =>
    stage({ scene, path: NEW }, async ({ page, server }) => {
      const id = sessionId(server, "New chat");
      const hostile = [
        "![x](javascript:alert(1)) [click](javascript:alert(1)) <img src=x onerror=alert(1)>",
        "",
        "| a | b |",
        "| - | -: |",
        "| 1 | 2 |",
        "",
        "1. one",
        "   - two",
        "",
        "```rust",
        "fn main() {}",
        "```",
        "",
        "```",
        "never closed",
      ].join("\n");
      server.append(
        id,
        { type: "turn_started", turn: 1, thread: null },
        { type: "item", id: "m", turn: 1, item: { kind: "message", text: hostile } },
        { type: "item", id: "n", turn: 1, item: { kind: "message", text: "still here" } },
      );
      await page.getByText("still here").waitFor();
      const message = entries(page, "message").first();
      expect(await message.locator("img, a").count()).toBe(0);
      expect(await message.locator("table td").allTextContents()).toEqual(["1", "2"]);
      expect(await message.locator("pre").allTextContents()).toEqual(["fn main() {}", "never closed"]);
      await message.getByRole("button", { name: "Copy the code" }).first().hover();
    }));

  it("keeps the field and the end of the chat in view while a phone's keyboard takes half of the screen", () =>
    stage({ scene, path: sessionPath("A tour"), screen: "phone" }, async ({ page }) => {
      const last = entries(page, "turn").last();
      await last.waitFor();
      await page.getByTestId("composer").tap();
      await page.setViewportSize({ width: 390, height: 400 });
      await until(
        async () => {
          const field = await page.getByTestId("send").boundingBox();
          const list = await page.getByTestId("conversation").boundingBox();
          const end = await last.boundingBox();
          if (field === null || list === null || end === null) return false;
          return (
            field.y + field.height <= 400 && end.y + end.height <= list.y + list.height && list.height > 80
          );
        },
        (is) => is,
        "the field and the end in view",
      );
    }));
});
