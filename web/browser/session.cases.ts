import { describe, expect, it } from "vitest";
import { sessionId, sessionPath, until, stage } from "./stage.ts";

describe("a session", () => {
  it("is renamed in place, and left as it was with Escape", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await page.getByTestId("session-title").getByRole("button").click();
      await page.getByTestId("rename").fill("relay shell");
      await page.keyboard.press("Enter");
      await page.getByTestId("session-title").filter({ hasText: "relay shell" }).waitFor();
      expect(server.asked).toMatchObject([{ method: "PATCH", body: { title: "relay shell" } }]);
      await page.getByTestId("session-title").getByRole("button").click();
      await page.getByTestId("rename").fill("something else");
      await page.keyboard.press("Escape");
      await page.getByTestId("session-title").filter({ hasText: "relay shell" }).waitFor();
      expect(server.asked).toHaveLength(1);
    }));

  it("shows what would be lost before it is ended by force", () =>
    stage({ path: sessionPath("Split") }, async ({ page, server }) => {
      server.answer((type, force) =>
        type === "kill" && !force
          ? {
              status: "failed",
              code: "would_lose_work",
              message: "2 files are not committed.",
              details: ["M a.ts", "?? b.ts"],
            }
          : null,
      );
      await page.getByTestId("session-menu").click();
      await page.getByRole("menuitem", { name: "End the terminal" }).click();
      await page.getByTestId("confirm").click();
      await page.getByTestId("loss").filter({ hasText: "?? b.ts" }).waitFor();
      await page.getByTestId("confirm").click();
      await page.locator('[data-testid="session-status"][data-status="done"]').waitFor();
      expect(server.asked.map(({ body }) => body)).toMatchObject([
        { type: "kill" },
        { type: "kill", force: true },
      ]);
    }));

  it("says when the host has not answered yet", () =>
    stage({ path: sessionPath("Calibrate") }, async ({ page }) => {
      expect(await page.getByTestId("interrupt").count()).toBe(0);
      await page.getByTestId("session-menu").click();
      await page.getByRole("menuitem", { name: "End the terminal" }).click();
      await page.getByTestId("confirm").click();
      await page.getByTestId("toast").filter({ hasText: "garage has not answered yet" }).waitFor();
    }));

  it("searches what the host still has", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await page.getByTestId("tab-search").click();
      await page.getByTestId("search-text").fill("silence");
      await page.getByRole("button", { name: "Regular expression" }).click();
      await page.getByRole("button", { name: "Search", exact: true }).click();
      await page.getByTestId("search-match").first().waitFor();
      expect(await page.getByTestId("search-match").count()).toBe(2);
      expect(server.asked[0]?.body).toMatchObject({
        type: "search",
        pattern: "silence",
        regex: true,
        ignore_case: true,
      });
    }));

  it("is deleted only when it has ended, and then is gone", () =>
    stage({ path: sessionPath("make test") }, async ({ page, server }) => {
      await page.getByTestId("session-menu").click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.getByTestId("confirm").click();
      await until(
        () => new URL(page.url()).pathname,
        (path) => path === "/",
        "the list",
      );
      expect(server.scene.sessions.some((session) => session.title === "make test")).toBe(false);
    }));

  it("that does not exist says so", () =>
    stage({ path: "/sessions/ses_00000000000000000000000000" }, async ({ page }) => {
      await page.getByText("This session cannot be shown").waitFor();
    }));

  it("shows its log, older pages on the way up, each event once", () =>
    stage(
      {
        path: (server) => {
          const id = sessionId(server, "shell");
          for (let i = 0; i < 700; i++)
            server.append(id, { type: "notice", level: "info", message: `event ${i}` });
          return `/sessions/${id}?tab=events`;
        },
      },
      async ({ page, server }) => {
        const list = page.getByTestId("events");
        await page.getByText("event 699", { exact: true }).waitFor();
        const seqs = () =>
          page
            .getByTestId("event")
            .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute("data-seq"))));
        await until(
          async () => {
            await list.evaluate((element) => element.scrollBy(0, -400));
            const shown = await seqs();
            expect(shown).toEqual(shown.map((_, index) => (shown[0] ?? 0) + index));
            return shown[0];
          },
          (first) => first === 1,
          "the first event",
        );
        server.append(sessionId(server, "shell"), { type: "notice", level: "info", message: "the newest" });
        await page.getByRole("button", { name: "To the end" }).click();
        await page.getByText("the newest", { exact: true }).waitFor();
      },
    ));

  it("goes on from its cursor after the connection was cut, with every event once", () =>
    stage({ path: (server) => `${sessionPath("shell")(server)}?tab=events` }, async ({ page, server }) => {
      const id = sessionId(server, "shell");
      await page.getByTestId("event").first().waitFor();
      for (let round = 0; round < 5; round++) {
        server.append(id, { type: "notice", level: "info", message: `before ${round}` });
        server.drop(1001);
        server.append(id, { type: "notice", level: "info", message: `during ${round}` });
        await page.getByText(`during ${round}`, { exact: true }).waitFor();
      }
      const seqs = await page
        .getByTestId("event")
        .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute("data-seq"))));
      expect(seqs).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    }));
});

describe("a Codex job", () => {
  it("shows its conversation, follows it, and keeps an item as one card", () =>
    stage({ path: sessionPath("Find the flaky") }, async ({ page, server }) => {
      const id = sessionId(server, "Find the flaky");
      await page.locator('[data-testid="turn"][data-state="running"]').waitFor();
      const item = (status: "in_progress" | "completed", output: string) => ({
        type: "item" as const,
        id: "x",
        turn: 1,
        item: {
          kind: "command" as const,
          command: "npm run check",
          output,
          output_cut: 0,
          exit_code: status === "completed" ? 0 : null,
          status,
        },
      });
      server.append(id, item("in_progress", ""));
      const card = page.getByTestId("entry").filter({ hasText: "npm run check" });
      await card.waitFor();
      server.append(id, item("completed", "all good"), { type: "turn_completed", turn: 1, usage: null });
      await page.locator('[data-testid="turn"][data-state="done"]').waitFor();
      expect(await card.count()).toBe(1);
      await card.locator("summary").click();
      await card.getByText("all good").waitFor();
    }));

  it("is stopped while it runs, and goes on when it is done", () =>
    stage({ path: sessionPath("Find the flaky") }, async ({ page, server }) => {
      await page.getByTestId("stop").click();
      await page.getByTestId("send").waitFor();
      await page.getByTestId("composer").fill("Now run it 500 times");
      await page.keyboard.press("Enter");
      await page.getByTestId("entry").filter({ hasText: "Now run it 500 times" }).waitFor();
      expect(await page.getByTestId("composer").inputValue()).toBe("");
      expect(server.asked.map(({ path }) => path.split("/").at(-1))).toEqual(["commands", "messages"]);
    }));

  it("says why it failed", () =>
    stage({ path: sessionPath("Bump") }, async ({ page }) => {
      await page
        .locator('[data-testid="turn"][data-state="error"]')
        .filter({ hasText: "401 Unauthorized" })
        .waitFor();
    }));

  it("keeps what was written when it cannot be sent", () =>
    stage({ path: sessionPath("Write the changelog"), complains: true }, async ({ page, server }) => {
      await page.getByTestId("composer").fill("one more thing");
      server.down();
      await page.keyboard.press("Enter");
      await page.getByTestId("toast").filter({ hasText: "does not answer" }).waitFor();
      expect(await page.getByTestId("composer").inputValue()).toBe("one more thing");
    }));
});

describe("a new session", () => {
  it("starts a command as the words that were shown", () =>
    stage({}, async ({ page, server }) => {
      await page.getByTestId("session-row").first().waitFor();
      await page.keyboard.press("n");
      await page.getByTestId("kind-command").check({ force: true });
      await page.getByTestId("command").fill(`npm run "dev server"`);
      await page.getByTestId("cwd").fill("relative");
      await page.getByTestId("start").click();
      await page.getByText("The directory must be an absolute path.").waitFor();
      await page.getByTestId("cwd").fill("/home/dev/x");
      expect(await page.getByTestId("argv").locator("code").allTextContents()).toEqual([
        "npm",
        "run",
        "dev server",
      ]);
      await page.getByTestId("start").click();
      await page.getByTestId("session").waitFor();
      expect(server.asked[0]?.body).toMatchObject({
        provider: "tmux",
        cwd: "/home/dev/x",
        argv: ["npm", "run", "dev server"],
      });
      await page.locator('[data-testid="session-status"][data-status="idle"]').waitFor();
    }));

  it("starts a Codex job from a phone, in a worktree", () =>
    stage({ screen: "phone" }, async ({ page, server }) => {
      await page.getByTestId("bar-new").tap();
      await page.getByTestId("kind-codex").check({ force: true });
      await page.getByTestId("prompt").fill("Fix the parser");
      await page.getByTestId("sandbox").selectOption("workspace-write");
      await page.getByTestId("worktree").check();
      await page.getByTestId("branch").fill("fix/parser");
      await page.getByTestId("start").tap();
      await page.getByTestId("composer").waitFor();
      expect(server.asked[0]?.body).toMatchObject({
        provider: "codex",
        prompt: "Fix the parser",
        sandbox: "workspace-write",
        worktree: { branch: "fix/parser" },
      });
    }));
});
