import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { FIRST_LOAD_LIMIT, measureFirstLoad } from "../measureFirstLoad.ts";
import { root, sessionPath, stage, type Stage } from "./stage.ts";
import type { FixtureServer } from "../fixtures/startFixtureServer.ts";

const PAGES: [string, string | ((server: FixtureServer) => string)][] = [
  ["sessions", "/"],
  ["what needs you", "/inbox"],
  ["what was decided", "/inbox?show=decided"],
  ["rules", "/rules"],
  ["hosts", "/hosts"],
  ["a terminal", sessionPath("shell")],
  ["a job", sessionPath("Find the flaky")],
  ["changes", (server) => `${sessionPath("Split")(server)}?tab=changes`],
  ["events", (server) => `${sessionPath("Find the flaky")(server)}?tab=events`],
];
const CHAT_PAGES: typeof PAGES = [
  ["a chat that waits", sessionPath("Why uploads")],
  ["a chat with everything", sessionPath("A tour")],
  ["an empty chat", sessionPath("New chat")],
  ["a chat's details", (server) => `${sessionPath("A tour")(server)}?tab=details`],
  ["approvals", "/inbox"],
];
const DESK_PAGES: typeof PAGES = [
  ["fifty sessions", "/"],
  ["an agent that asks", sessionPath("Carry the retry")],
  ["an agent", sessionPath("Split the session")],
  ["worktrees", (server) => `/hosts/${server.scene.hosts[0]?.id ?? ""}/worktrees`],
];
const LOOKS = (["desk", "phone"] as const).flatMap((screen) =>
  (["dark", "light"] as const).map((theme) => ({ screen, theme })),
);

describe.each(LOOKS)("on $screen, $theme", (look) => {
  const whole = async ({ page, server }: Stage, pages: typeof PAGES): Promise<void> => {
    for (const [name, path] of pages) {
      await page.goto(typeof path === "string" ? path : path(server));
      await page.waitForTimeout(600);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBe(
        look.screen === "desk" ? 1440 : 390,
      );
      expect(await unreadable(page), name).toEqual([]);
      expect(await nameless(page), name).toEqual([]);
    }
  };

  it("every page is whole: nothing out of it, nothing unreadable, nothing without a name", () =>
    stage(look, (at) => whole(at, PAGES)));

  it("every page of a full desk is whole", () =>
    stage({ ...look, scene: "desk" }, (at) => whole(at, DESK_PAGES)));

  it("every page of chats is whole", () => stage({ ...look, scene: "chats" }, (at) => whole(at, CHAT_PAGES)));
});

it("costs little to open: the terminal comes later", () => {
  const { first, later, total } = measureFirstLoad(root);
  expect(total).toBeLessThanOrEqual(FIRST_LOAD_LIMIT);
  expect(first.some(({ file }) => file.includes("Terminal"))).toBe(false);
  expect(later.some(({ file }) => file.includes("Terminal"))).toBe(true);
});

it("stands still when motion is reduced", () =>
  stage({ reducedMotion: true }, async ({ page }) => {
    await page.getByTestId("session-row").first().waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  }));

it("remembers the theme", () =>
  stage({ theme: "dark" }, async ({ page }) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await ground();
    await page.getByTestId("theme").click();
    await page.getByTestId("theme").click();
    expect(await ground()).not.toBe(dark);
    await page.reload();
    expect(await ground()).toBe("rgb(255, 255, 255)");
  }));

it("runs no script of its own text and talks to no other origin", () =>
  stage({ complains: true }, async ({ page, complaints }) => {
    await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'injected'";
      document.head.append(script);
      await fetch("http://127.0.0.2:1/").catch(() => undefined);
    });
    expect(await page.title()).not.toBe("injected");
    expect(complaints.join("\n")).toMatch(/inline script.*Content Security Policy/s);
    expect(complaints.join("\n")).toMatch(/127\.0\.0\.2.*Content Security Policy/s);
  }));

/** Text whose colour is too near to its ground (AA: 4.5, or 3 from 18 px bold up). */
async function unreadable(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = [number, number, number, number];
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (css: string): Colour => {
      if (canvas === null) return [0, 0, 0, 0];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const luminance = ([r, g, b]: Colour): number => {
      const channel = (value: number): number =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    };
    const over = (top: Colour, under: Colour): Colour => {
      const mix = (a: number, b: number): number => a * top[3] + b * (1 - top[3]);
      return [mix(top[0], under[0]), mix(top[1], under[1]), mix(top[2], under[2]), 1];
    };
    const groundOf = (element: Element): Colour => {
      const layers: Colour[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement)
        layers.push(parse(getComputedStyle(at).backgroundColor));
      return layers.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]);
    };
    const bad: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (
        element === null ||
        text === "" ||
        element.closest("script,noscript,style,.xterm,.sr-only,[disabled],title") !== null
      )
        continue;
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      if (box.width === 0 || box.height === 0 || style.visibility === "hidden") continue;
      const ground = groundOf(element);
      const [light, dark] = [luminance(over(parse(style.color), ground)), luminance(ground)].sort(
        (a, b) => b - a,
      );
      const ratio = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
      const large = Number.parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 600;
      if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
    }
    return bad;
  });
}

/** Things to press or fill in that a screen reader could not name. */
async function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("button,a[href],input,select,textarea,[role=separator]")]
      .filter((element) => {
        const labels =
          element instanceof HTMLInputElement ||
          element instanceof HTMLSelectElement ||
          element instanceof HTMLTextAreaElement
            ? [...(element.labels ?? [])]
            : [];
        const name = [
          element.getAttribute("aria-label"),
          element.getAttribute("title"),
          element.textContent,
          ...labels.map((label) => label.textContent),
        ]
          .join("")
          .trim();
        return (
          name === "" &&
          element.getAttribute("aria-hidden") !== "true" &&
          !element.hasAttribute("hidden") &&
          element.getAttribute("tabindex") !== "-1"
        );
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}
