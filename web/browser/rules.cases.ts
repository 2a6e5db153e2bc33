import { describe, expect, it } from "vitest";
import { stage, until } from "./stage.ts";

describe("the rules", () => {
  it("say what they cover, where, until when, why and by whom; an expired one says so", () =>
    stage({ path: "/rules" }, async ({ page }) => {
      const rules = page.getByTestId("rule");
      await rules.first().waitFor();
      const [first, second] = await rules.allTextContents();
      for (const words of [
        "Begins with",
        "run_command git",
        "signalbox",
        "Nothing that git",
        "Made by ann",
        "changed by owner",
      ])
        expect(first).toContain(words);
      for (const words of ["Exactly", "service_restart relay", "On any host, in any directory", "expired"])
        expect(second).toContain(words);
    }));

  it("are made, edited and revoked; a pattern that could never match is refused", () =>
    stage({ path: "/rules" }, async ({ page, server }) => {
      await page.getByTestId("new-rule").click();
      await page.getByTestId("rule-pattern").fill("git status");
      await page.getByText("the rule would never match").waitFor();
      expect(await page.getByTestId("save-rule").isDisabled()).toBe(true);
      await page.getByTestId("rule-pattern").fill("run_command make");
      await page.getByTestId("rule-reason").fill("Builds are harmless");
      await page.getByTestId("save-rule").click();
      const made = page.getByTestId("rule").filter({ hasText: "Builds are harmless" });
      await made.waitFor();
      await made.getByTestId("edit-rule").click();
      await page.getByTestId("rule-pattern").fill("run_command make test");
      await page.getByTestId("save-rule").click();
      await made.getByText("run_command make test").waitFor();
      await made.getByTestId("revoke-rule").click();
      await page.getByTestId("confirm").click();
      await until(
        () => made.count(),
        (count) => count === 0,
        "no such rule",
      );
      expect(server.asked.map(({ method }) => method)).toEqual(["POST", "PATCH", "DELETE"]);
    }));

  it("are reached from the inbox and from the palette", () =>
    stage({ path: "/inbox" }, async ({ page }) => {
      await page.getByRole("link", { name: "Rules" }).click();
      await page.getByTestId("rule").first().waitFor();
      await page.goto("/");
      await page.getByRole("heading").first().waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Find anything" }).fill("rules");
      await page.keyboard.press("Enter");
      await page.getByTestId("rule").first().waitFor();
    }));
});

describe("the inbox", () => {
  it("shows what was decided, by whom, narrowed by how it ended", () =>
    stage({ path: "/inbox" }, async ({ page }) => {
      await page.getByRole("link", { name: "Decided" }).click();
      const rows = page.getByTestId("decided-approval");
      await rows.first().waitFor();
      expect(await rows.count()).toBe(3);
      await page.getByRole("button", { name: "Denied" }).click();
      await until(
        () => rows.count(),
        (count) => count === 1,
        "only the denied one",
      );
      await rows.getByText("Denied by owner").waitFor();
      await rows.getByText("Not on this machine").waitFor();
    }));

  it("lets a failed session be put aside, for good", () =>
    stage({ path: "/inbox" }, async ({ page, server }) => {
      const cards = page.getByTestId("inbox-card");
      await page.getByTestId("seen").first().waitFor();
      const [before, failed] = [await cards.count(), await page.getByTestId("seen").count()];
      await page.getByTestId("seen").first().click();
      await until(
        () => cards.count(),
        (count) => count === before - 1,
        "one card less",
      );
      await page.reload();
      await cards.first().waitFor();
      expect(await page.getByTestId("seen").count()).toBe(failed - 1);
      expect(server.asked.map(({ path }) => path.split("/").at(-1))).toEqual(["seen"]);
    }));
});
