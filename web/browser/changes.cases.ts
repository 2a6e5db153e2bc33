import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { sampleChanges } from "../fixtures/sampleChanges.ts";
import { sessionId, sessionPath, stage } from "./stage.ts";

const file = (page: Page, path: string) => page.locator(`[data-testid="changed-file"][data-path="${path}"]`);

describe("what a session changed", () => {
  it("is one key away, file by file, folded when large, in words when it has no lines", () =>
    stage({ path: sessionPath("Split") }, async ({ page }) => {
      await page.getByTestId("session").waitFor();
      await page.getByTestId("tab-changes").waitFor();
      // Out of the terminal, which takes every key while it has the focus.
      await page.getByTestId("tab-terminal").press("c");
      const retry = file(page, "src/upload/retry.ts");
      await retry.getByText("throw new UploadFailed").waitFor();
      expect(await retry.getByRole("button", { expanded: true }).innerText()).toMatch(/\+5 −3/);
      await file(page, "package-lock.json").getByRole("button", { expanded: false }).click();
      await page.getByText('"line-899"').waitFor();
      for (const [path, words] of [
        ["assets/logo.png", "It is not text."],
        [".env", "It is a place of secrets, which is not shown."],
        ["src/upload/send.ts", "It was src/send.ts."],
      ] as const)
        await file(page, path).getByText(words).waitFor();
      await file(page, ".env").locator("[data-file-head]").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await file(page, "assets/logo.png").getByRole("button", { expanded: false }).waitFor();
    }));

  it("grows while it is looked at, keeps what was unfolded, and is not asked for when nobody does", () =>
    stage({ path: sessionPath("Split") }, async ({ page, server }) => {
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/changes")) asked.push(request.url());
      });
      await page.getByTestId("tab-changes").waitFor();
      expect(asked).toEqual([]);
      await page.getByTestId("tab-changes").click();
      await file(page, "assets/logo.png").locator("[data-file-head]").click();
      const before = sampleChanges();
      const files = before.files.map((each) =>
        each.path === "src/upload/legacy.ts" ? { ...each, patch: "@@ -0,0 +1 @@\n+only now" } : each,
      );
      server.changed({ ...before, version: "2", files });
      server.update(sessionId(server, "Split"), { git: { root: "/r", branch: "b", dirty: 99 } });
      await file(page, "src/upload/legacy.ts").getByText("only now").waitFor();
      await file(page, "assets/logo.png").getByRole("button", { expanded: false }).waitFor();
      expect(asked.at(-1)).toContain("known=1");
      await page.getByTestId("tab-events").click();
      const so = asked.length;
      server.update(sessionId(server, "Split"), { git: { root: "/r", branch: "b", dirty: 98 } });
      await page.waitForTimeout(3_000);
      expect(asked).toHaveLength(so);
    }));
});
