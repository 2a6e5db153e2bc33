import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sessionId, stage, until } from "./stage.ts";

/** Presses what a person sees of a choice. */
function choose(page: Page, testId: string): Promise<void> {
  return page.locator(`label:has([data-testid="${testId}"])`).click();
}

/** The dialog, on an agent. */
async function newAgent(page: Page, screen: "desk" | "phone"): Promise<void> {
  await page.getByTestId("session-row").first().waitFor();
  if (screen === "desk") await page.getByTestId("new-session").click();
  else await page.getByRole("button", { name: "New", exact: true }).click();
  await choose(page, "kind-agent");
}

describe.each(["desk", "phone"] as const)("starting an agent on a %s", (screen) => {
  it("offers what the host has, and starts it with model, mode and prompt", () =>
    stage({ scene: "desk", screen }, async ({ page, server }) => {
      await newAgent(page, screen);
      const options = await page.getByTestId("agent").locator("option").allInnerTexts();
      expect(options).toEqual(["Claude Code 2.1.4", "Codex 0.169.0"]);
      await page.getByTestId("mode").selectOption("bypassPermissions");
      await page.getByText("It can then do everything that your user can").waitFor();
      await page.getByTestId("agent").selectOption("codex");
      expect(await page.getByTestId("mode").inputValue()).toBe("");
      await page.getByTestId("mode").selectOption("read-only");
      await page.getByTestId("agent-model").fill("gpt-5.5");
      await page.getByTestId("agent-prompt").fill("look around");
      await page.getByTestId("cwd").fill("/home/dev/relay");
      await page.getByTestId("repo").getByText("Repository, on main").waitFor();
      await page.getByTestId("start").click();
      await page.getByTestId("session").waitFor();
      expect(server.asked.at(-1)?.body).toMatchObject({
        provider: "tmux",
        agent: "codex",
        mode: "read-only",
        model: "gpt-5.5",
        prompt: "look around",
        cwd: "/home/dev/relay",
      });
    }));

  it("begins where one can type, but brings up no keyboard of a phone", () =>
    stage({ scene: "desk", screen }, async ({ page }) => {
      await page.getByTestId("session-row").first().waitFor();
      if (screen === "desk") await page.keyboard.press("n");
      else await page.getByRole("button", { name: "New", exact: true }).click();
      await page.getByRole("dialog").waitFor();
      const field = await page.evaluate(() => document.activeElement?.matches("input, select, textarea"));
      expect(field).toBe(screen === "desk");
    }));

  it("says what is wrong with a directory before anything is asked", () =>
    stage({ scene: "desk", screen }, async ({ page, server }) => {
      await newAgent(page, screen);
      await page.getByTestId("cwd").fill("/home/dev/nowhere");
      await page.getByText("There is no such directory on").waitFor();
      await page.getByTestId("start").click();
      await choose(page, "kind-chat");
      await page.getByTestId("cwd").fill("/srv/elsewhere");
      await page.getByText("A chat cannot work there").waitFor();
      await page.getByTestId("start").click();
      await page.waitForTimeout(300);
      expect(server.asked).toEqual([]);
      // A terminal may be anywhere.
      await choose(page, "kind-shell");
      await page.getByText("A chat cannot work there").waitFor({ state: "detached" });
      await page.getByTestId("start").click();
      await page.getByTestId("session").waitFor();
    }));

  it("goes on with a past conversation, and opens the session of one that runs", () =>
    stage({ scene: "desk", screen }, async ({ page, server }) => {
      await newAgent(page, screen);
      await page.getByTestId("show-past").click();
      const kept = page.getByTestId("conversation-kept");
      await until(
        () => kept.count(),
        (count) => count === 4,
        "Claude's conversations",
      );
      await page.getByTestId("past-search").fill("cold START");
      await until(
        () => kept.count(),
        (count) => count === 1,
        "the one that is searched for",
      );
      await kept.click();
      await page.getByTestId("resumes").getByText("Cut the cold start").waitFor();
      expect(await page.getByTestId("cwd").inputValue()).toBe("/home/dev/signalbox");
      expect(await page.getByTestId("worktree").isVisible()).toBe(false);
      await page.getByTestId("start").click();
      await page.getByTestId("session").waitFor();
      expect(server.asked.at(-1)?.body).toMatchObject({
        agent: "claude",
        resume: expect.stringMatching(/^0000/),
      });

      await page.goto("/");
      await newAgent(page, screen);
      await page.getByTestId("show-past").click();
      await page.locator('[data-testid="conversation-kept"][data-runs="true"]').click();
      const id = sessionId(server, "Carry the retry");
      await page.waitForURL((url) => url.pathname === `/sessions/${id}`);
    }));

  it("begins as a template says, which is saved for the team and removed again", () =>
    stage({ scene: "desk", screen }, async ({ page, server }) => {
      await newAgent(page, screen);
      await page.getByTestId("mode").selectOption("plan");
      await page.getByTestId("agent-prompt").fill("review the branch");
      await choose(page, "headless");
      await page.getByTestId("save-as").click();
      await page.getByTestId("template-name").fill("Review");
      await page.getByTestId("template-name").press("Enter");
      await page.getByTestId("remove-template").waitFor();
      await page.reload();
      await page.getByTestId("session-row").first().waitFor();
      await newAgent(page, screen);
      await page.getByTestId("template").selectOption("Review");
      expect(await page.getByTestId("agent-prompt").inputValue()).toBe("review the branch");
      await page.getByTestId("start").click();
      await page.getByTestId("session").waitFor();
      expect(server.asked.at(-1)?.body).toMatchObject({
        provider: "claude",
        mode: "plan",
        prompt: "review the branch",
      });
      await page.goto("/");
      await newAgent(page, screen);
      await page.getByTestId("template").selectOption("Review");
      await page.getByTestId("remove-template").click();
      await page.getByText("No template is saved yet").waitFor({ state: "attached" });
      expect(server.asked.at(-1)).toMatchObject({ method: "DELETE", path: "/templates/Review" });
    }));
});
