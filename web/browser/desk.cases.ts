import { describe, expect, it } from "vitest";
import { sessionId, sessionPath, stage, until } from "./stage.ts";

const KINDS = ["approval", "question", "waits", "trouble", "finished", "finished"];

describe("fifty sessions on four hosts", () => {
  it.each(["desk", "phone"] as const)("begin with what needs the person, and say why, on a %s", (screen) =>
    stage({ scene: "desk", screen }, async ({ page, server }) => {
      const needs = page.getByTestId("need");
      await needs.nth(5).waitFor();
      const kinds = () => needs.evaluateAll((all) => all.map((need) => need.getAttribute("data-kind")));
      expect((await kinds()).toSorted()).toEqual(KINDS.toSorted());
      expect((await kinds())[0]).toBe("approval");
      await page.getByText("Asks: Bash: npm test -- upload --retry 3").waitFor();
      // What was looked at has nothing new any more.
      await page.goto(sessionPath("Split the session")(server));
      await page.getByTestId("session").waitFor();
      await page.goto("/");
      await until(kinds, (now) => now.filter((kind) => kind === "finished").length === 1, "one finished");
      // It works again, and finishes again.
      server.update(sessionId(server, "Split the session"), { finished_at: Date.now() + 1 });
      await until(kinds, (now) => now.filter((kind) => kind === "finished").length === 2, "two finished");
    }),
  );
});

describe("an agent's page", () => {
  it("has conversation and terminal side by side on a desk, as wide as this browser left them", () =>
    stage({ scene: "desk", path: sessionPath("Split the session") }, async ({ page }) => {
      await page.locator('[data-testid="stage"][data-view="both"]').waitFor();
      await page.getByTestId("conversation").getByText("The types hold").waitFor();
      await page.locator('[data-testid="terminal"][data-phase="live"]').waitFor();
      const edge = page.getByRole("separator", { name: "Width of the conversation" });
      const before = Number(await edge.getAttribute("aria-valuenow"));
      await edge.press("ArrowRight");
      await edge.press("ArrowRight");
      await page.reload();
      await edge.waitFor();
      expect(Number(await edge.getAttribute("aria-valuenow"))).toBe(before + 32);

      // The terminal goes on while views change, and the view is kept, too.
      await page.getByTestId("terminal-screen").evaluate((screen) => (screen.dataset["same"] = "1"));
      await page.getByTestId("tab-conversation").click();
      await page.getByTestId("terminal").waitFor({ state: "hidden" });
      await page.getByTestId("tab-changes").click();
      await page.getByTestId("tab-terminal").click();
      await page.getByTestId("conversation").waitFor({ state: "detached" });
      expect(await page.getByTestId("terminal-screen").getAttribute("data-same")).toBe("1");
      await page.reload();
      await page.locator('[data-testid="stage"][data-view="terminal"]').waitFor();
      expect(new URL(page.url()).search).toBe("");
    }));

  it("has them as tabs on a phone", () =>
    stage({ scene: "desk", screen: "phone", path: sessionPath("Split the session") }, async ({ page }) => {
      await page.locator('[data-testid="terminal"][data-phase="live"]').waitFor();
      expect(await page.getByTestId("tab-both").count()).toBe(0);
      await page.getByTestId("tab-conversation").click();
      await page.getByTestId("conversation").getByText("The types hold").waitFor();
      await page.getByTestId("terminal").waitFor({ state: "hidden" });
    }));

  it("says how a message gets to the agent, and keeps one that would answer its dialog", () =>
    stage({ scene: "desk", path: sessionPath("Carry the retry") }, async ({ page, server }) => {
      const reach = page.getByTestId("reach");
      await page.getByTestId("composer").fill("yes");
      await page.getByTestId("composer").press("Enter");
      expect(await reach.getAttribute("data-way")).toBe("answer_first");
      expect(await page.getByTestId("send").isDisabled()).toBe(true);
      const id = sessionId(server, "Carry the retry");
      server.update(id, { status: "working", pending_approvals: 0 });
      await page.locator('[data-testid="reach"][data-way="paste"]').waitFor();
      expect(await reach.innerText()).toBe("Pasted into the terminal; Claude takes it up while it works.");
      const [host] = server.scene.hosts;
      if (host === undefined) throw new Error("no host");
      const gone = { ...host, presence: "offline" as const, version: host.version + 1 };
      Object.assign(host, gone);
      server.change({ kind: "host", host: gone });
      await page.locator('[data-testid="reach"][data-way="queue"]').waitFor();
      expect(server.asked.filter(({ path }) => path.endsWith("/messages"))).toEqual([]);
      await page.getByTestId("send").click();
      await until(
        () => server.asked.filter(({ path }) => path.endsWith("/messages")).length,
        (count) => count === 1,
        "the message",
      );
    }));
});

describe("the worktrees of a host", () => {
  it.each(["desk", "phone"] as const)("say what they hold, and go with a snapshot, on a %s", (screen) =>
    stage({ scene: "desk", screen, complains: true, path: "/hosts" }, async ({ page, server }) => {
      await page.getByTestId("to-worktrees").first().click();
      const tree = (name: string) => page.locator(`[data-testid="worktree"][data-path$="/${name}"]`);
      await tree("capabilities").getByText("14 files not committed").waitFor();
      await tree("capabilities").getByText("Split the session object").waitFor();
      expect(await tree("capabilities").getByTestId("remove-worktree").isDisabled()).toBe(true);
      expect(await tree("tiles").getByTestId("remove-worktree").isDisabled()).toBe(true);
      await tree("spike-quic").getByText("rebase in progress").waitFor();

      // One with work asks again, and stays when it is to be kept.
      await tree("fix-upload-retry").getByTestId("remove-worktree").click();
      expect(await page.getByTestId("ignored").innerText()).toContain("node_modules/, .env");
      await page.getByTestId("confirm").click();
      await page.getByTestId("loss").getByText("src/transport/backoff.ts").waitFor();
      await page.getByTestId("close").click();
      await tree("fix-upload-retry").waitFor();
      await tree("fix-upload-retry").getByTestId("remove-worktree").click();
      await page.getByTestId("confirm").click();
      await page.getByTestId("take-snapshot").click();
      const ref = await page.getByTestId("snapshot-ref").innerText();
      expect(await page.getByTestId("restore").innerText()).toContain(ref);
      await page.getByTestId("close").click();
      await tree("fix-upload-retry").waitFor({ state: "detached" });
      expect(await page.getByTestId("kept").count()).toBe(2);

      // One without goes at once.
      await tree("grammar-4").getByTestId("remove-worktree").click();
      await page.getByTestId("confirm").click();
      await tree("grammar-4").waitFor({ state: "detached" });
      expect(server.asked.filter(({ path }) => path.endsWith("/remove"))).toHaveLength(4);
    }),
  );
});
