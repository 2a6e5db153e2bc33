import { describe, expect, it } from "vitest";
import { until, stage } from "./stage.ts";

describe("hosts", () => {
  it("shows who is there and what keeps them", () =>
    stage({ path: "/hosts" }, async ({ page }) => {
      await page.getByTestId("host").first().waitFor();
      expect(
        await page
          .getByTestId("host")
          .evaluateAll((all) => all.map((host) => host.getAttribute("data-presence"))),
      ).toEqual(["offline", "online", "online"]);
      await page.getByTestId("problems").filter({ hasText: "94 % full" }).waitFor();
    }));

  it("changes a token after saying what that does", () =>
    stage({ path: "/hosts" }, async ({ page, server }) => {
      await page.getByTestId("host-menu").first().click();
      await page.getByRole("menuitem", { name: "Change its token" }).click();
      await page.getByText("stops working at once").waitFor();
      expect(server.asked).toEqual([]);
      await page.getByTestId("make-code").click();
      await page.getByTestId("install-line").waitFor();
      await page.getByRole("timer").filter({ hasText: "works once" }).waitFor();
      expect(server.asked[0]?.path).toMatch(/\/rotate$/);
    }));

  it("removes a host after asking", () =>
    stage({ path: "/hosts" }, async ({ page, server }) => {
      await page.getByTestId("host-menu").first().click();
      await page.getByRole("menuitem", { name: "Remove the host" }).click();
      await page.getByTestId("confirm").click();
      await until(
        () => page.getByTestId("host").count(),
        (count) => count === 2,
        "two hosts",
      );
      expect(server.asked[0]?.method).toBe("DELETE");
    }));

  it("adopts a pane that is no session", () =>
    stage({ path: "/hosts" }, async ({ page, server }) => {
      await page.getByTestId("unadopted").locator("summary").click();
      await until(
        () => page.getByTestId("pane").count(),
        (count) => count === 2,
        "two panes",
      );
      await page.getByTestId("adopt").first().click();
      await page.getByTestId("session").waitFor();
      expect(server.asked[0]?.body).toEqual({ socket: "default", pane: "%4" });
    }));
});

describe("signing in", () => {
  it("trades the code of the link and leaves none in the history", () =>
    stage({ path: "/sign-in?code=good-code-1234", signedIn: false, complains: true }, async ({ page }) => {
      await page.getByTestId("session-row").first().waitFor();
      expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/");
      expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
    }));

  it("says what to do with a link that was used", () =>
    stage({ path: "/sign-in?code=used-code-1234", signedIn: false, complains: true }, async ({ page }) => {
      await page.getByRole("alert").filter({ hasText: "was used, or is too old" }).waitFor();
      await page.getByText("signalbox status").waitFor();
    }));

  it("is asked for when nobody is signed in, and when somebody is signed out meanwhile", () =>
    stage({ complains: true }, async ({ page, server }) => {
      await page.getByTestId("session-row").first().waitFor();
      server.signOut();
      await page.getByText("You are not signed in.").waitFor();
      await page.reload();
      await page.getByText("You are not signed in.").waitFor();
    }));

  it("waits for a server that does not answer", () =>
    stage({ complains: true }, async ({ page, server }) => {
      await page.route("**/api/me", (route) => route.abort());
      await page.reload();
      await page.getByText("Signalbox does not answer", { exact: true }).waitFor();
      await page.unroute("**/api/me");
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByTestId("session-row").first().waitFor();
      expect(server.asked).toEqual([]);
    }));
});
