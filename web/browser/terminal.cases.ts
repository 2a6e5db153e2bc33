import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { CONSOLE, decodeSize, decodeU32 } from "../../protocol/consoleFrames.ts";
import { MAX_PASTE_BYTES } from "../../protocol/limits.ts";
import type { FixtureServer } from "../fixtures/startFixtureServer.ts";
import { sessionId, sessionPath, until, stage } from "./stage.ts";

async function live(page: Page): Promise<void> {
  await page.locator('[data-testid="terminal"][data-phase="live"]').waitFor();
  await screen(page, (text) => text.includes("$"));
}
async function screen(page: Page, right: (text: string) => boolean): Promise<string> {
  return until(
    async () => (await page.getByTestId("terminal-screen").textContent()) ?? "",
    right,
    "the screen",
  );
}
function typed(server: FixtureServer, type: number = CONSOLE.input): string {
  const parts = server.typed
    .filter((frame) => frame.type === type)
    .map((frame) => Buffer.from(frame.payload));
  return Buffer.concat(parts).toString("utf8");
}
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((value) => {
    const data = new DataTransfer();
    data.setData("text/plain", value);
    document
      .querySelector(".xterm-helper-textarea")
      ?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

describe("a terminal", () => {
  it("shows the pane and types into it: text, Unicode, arrows, Ctrl-C", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      await page.keyboard.type("echo žluťoučký 漢字");
      await page.keyboard.press("Enter");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Control+c");
      await screen(page, (text) => text.includes("echo žluťoučký 漢字") && text.includes("^C"));
      expect(typed(server)).toBe("echo žluťoučký 漢字\r\x1b[A\x03");
    }));

  it("pastes as one paste, and refuses one that is too large with a sentence", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      const text = "line of a paste\n".repeat(12_500); // 200 kB
      await paste(page, text);
      await until(
        () => typed(server, CONSOLE.paste).length,
        (length) => length === text.length,
        "the paste",
      );
      await paste(page, "x".repeat(MAX_PASTE_BYTES + 1));
      await page.getByTestId("toast").filter({ hasText: "Nothing was pasted" }).waitFor();
      expect(typed(server, CONSOLE.paste)).toBe(text);
      expect(typed(server)).toBe("");
    }));

  it("credits every byte that it has drawn, once", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      const credited = (): number =>
        server.typed
          .filter((frame) => frame.type === CONSOLE.credit)
          .reduce((sum, frame) => sum + (decodeU32(frame.payload) ?? 0), 0);
      const before = await until(credited, (bytes) => bytes > 0, "the snapshot's credit");
      const line = "0123456789".repeat(100);
      for (let i = 0; i < 200; i++) server.output(sessionId(server, "shell"), `${line}\r\n`);
      await until(credited, (bytes) => bytes >= before + 200 * 1_002, "the flood's credit");
      await page.waitForTimeout(300);
      expect(credited()).toBe(before + 200 * 1_002);
      const frames = server.typed.filter((frame) => frame.type === CONSOLE.credit).length;
      expect(frames).toBeLessThan(40);
    }));

  it("answers no question of the program: tmux has", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      server.output(sessionId(server, "shell"), "\x1b[c\x1b[6n\x1b]11;?\x07\x1b[?1004hready");
      await screen(page, (text) => text.includes("ready"));
      await page.getByTestId("theme").focus();
      await page.locator(".xterm-helper-textarea").focus();
      await page.waitForTimeout(200);
      expect(typed(server)).toBe("");
    }));

  it("takes no typing while the host is away, and says so; it goes on when the host is back", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      const id = sessionId(server, "shell");
      server.note(id, { state: "waiting", reason: "workshop is offline." });
      await page
        .getByTestId("terminal-state")
        .filter({ hasText: "workshop is offline. Typing is off." })
        .waitFor();
      await page.keyboard.type("lost");
      await page.waitForTimeout(100);
      expect(typed(server)).toBe("");
      server.drop();
      await live(page);
      await page.getByTestId("terminal-state").waitFor({ state: "detached" });
      await page.locator(".xterm-helper-textarea").focus();
      await page.keyboard.type("here");
      await until(
        () => typed(server),
        (text) => text === "here",
        "the typing",
      );
    }));

  it("stays readable when it has ended", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      server.note(sessionId(server, "shell"), { state: "ended", reason: "exit 0" });
      await page.getByTestId("terminal-state").filter({ hasText: "This terminal has ended" }).waitFor();
      expect(await page.getByTestId("terminal-screen").textContent()).toContain("git status -sb");
      await page.keyboard.type("x");
      expect(typed(server)).toBe("");
    }));

  it("tells the host what would fit, and asks for it on request", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      const sizes = () =>
        server.typed
          .filter((frame) => frame.type === CONSOLE.resize)
          .map((frame) => decodeSize(frame.payload));
      const first = (await until(sizes, (all) => all.length > 0, "a size"))[0];
      expect(first?.cols).toBeGreaterThan(90);
      await page.setViewportSize({ width: 1000, height: 700 });
      await until(sizes, (all) => (all.at(-1)?.cols ?? 999) < (first?.cols ?? 0), "a smaller size");
      await page.getByTestId("fit").click();
      const asked = await until(
        () => server.asked,
        (all) => all.length > 0,
        "the command",
      );
      expect(asked[0]?.body).toMatchObject({
        type: "resize",
        cols: sizes().at(-1)?.cols,
        rows: sizes().at(-1)?.rows,
      });
    }));

  it("shows a full-screen program, also after a reload", () =>
    stage({ path: sessionPath("vim") }, async ({ page }) => {
      await screen(
        page,
        (text) => text.includes("# Changelog") && text.includes('"CHANGELOG.md" 214L, 8312B'),
      );
      await page.reload();
      await screen(
        page,
        (text) => text.includes("# Changelog") && text.includes('"CHANGELOG.md" 214L, 8312B'),
      );
    }));

  it("finds text, and leaves Ctrl-F to a full-screen program", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      await page.keyboard.press("Control+f");
      await page.getByTestId("find-bar").waitFor();
      await page.keyboard.type("upload");
      await page.getByTestId("find-bar").filter({ hasText: "8 of 8" }).waitFor();
      await page.keyboard.press("Enter");
      await page.getByTestId("find-bar").filter({ hasText: "7 of 8" }).waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.type("q");
      await until(
        () => typed(server),
        (text) => text === "q",
        "the focus back in the terminal",
      );
      await page.goto(sessionPath("vim")(server));
      await screen(page, (text) => text.includes("# Changelog"));
      await page.locator('[data-testid="terminal"][data-phase="live"]').waitFor();
      await page.keyboard.press("Control+f");
      await until(
        () => typed(server),
        (text) => text === "q\x06",
        "Ctrl-F in the pane",
      );
      expect(await page.getByTestId("find-bar").count()).toBe(0);
    }));

  it("is no trap for the keyboard", () =>
    stage({ path: sessionPath("shell") }, async ({ page, server }) => {
      await live(page);
      await page.keyboard.press("?");
      await page.keyboard.press("Tab");
      await until(
        () => typed(server),
        (text) => text === "?\t",
        "keys that go to the pane",
      );
      await page.keyboard.press("Shift+Escape");
      await page.keyboard.press("?");
      await page.getByTestId("keys-dialog").waitFor();
    }));
});

describe("a terminal on a phone", () => {
  const phone = { screen: "phone", path: sessionPath("shell") } as const;

  it("has a row of keys that a thumb can hit", () =>
    stage(phone, async ({ page, server }) => {
      await live(page);
      for (const button of await page.getByTestId("key-row").getByRole("button").all()) {
        const box = await button.boundingBox();
        expect(box?.height).toBeGreaterThanOrEqual(44);
        expect(box?.width).toBeGreaterThanOrEqual(44);
      }
      const press = (name: string) =>
        page.getByTestId("key-row").getByRole("button", { name, exact: true }).tap();
      await press("Escape");
      await press("Tab");
      await press("Up");
      await press("Interrupt (Control-C)");
      await press("Enter");
      await until(
        () => typed(server),
        (text) => text === "\x1b\t\x1b[A\x03\r",
        "the keys",
      );
    }));

  it("holds Ctrl for the next key alone", () =>
    stage(phone, async ({ page, server }) => {
      await live(page);
      await page.locator(".xterm-helper-textarea").focus();
      await page.getByRole("button", { name: "Control, for the next key" }).tap();
      await page.keyboard.type("ra");
      await until(
        () => typed(server),
        (text) => text === "\x12a",
        "Ctrl-R and a",
      );
    }));

  it("types a line from a plain field", () =>
    stage(phone, async ({ page, server }) => {
      await live(page);
      await page.getByRole("button", { name: "Text field" }).tap();
      await page.getByLabel("Type a line").fill("git status");
      await page.getByRole("button", { name: "Send" }).tap();
      await until(
        () => typed(server),
        (text) => text === "git status\r",
        "the line",
      );
      const size = await page.getByLabel("Type a line").evaluate((field) => getComputedStyle(field).fontSize);
      expect(Number.parseFloat(size)).toBeGreaterThanOrEqual(16); // less makes iOS zoom the page
    }));

  it("shows 80 columns at once and never moves the page sideways", () =>
    stage(phone, async ({ page }) => {
      await live(page);
      const room = await page
        .getByTestId("terminal-room")
        .evaluate((box) => ({ scroll: box.scrollWidth, width: box.clientWidth }));
      expect(room.scroll).toBeLessThanOrEqual(room.width);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    }));
});
