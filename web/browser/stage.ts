import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, vi } from "vitest";
import { launchBrowser, newContext, newPage, type PageOptions } from "../../tests/support/browser.ts";
import {
  startFixtureServer,
  type FixtureOptions,
  type FixtureServer,
} from "../fixtures/startFixtureServer.ts";

export type Stage = { page: Page; context: BrowserContext; server: FixtureServer; complaints: string[] };

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let browser: Browser;
/** Where the built page is. */
export let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "signalbox-web-"));
  // A process of its own: the tests' NODE_ENV would make it a build for development.
  const vite = join(import.meta.dirname, "../../node_modules/vite/bin/vite.js");
  const build = [
    vite,
    "build",
    "--config",
    join(import.meta.dirname, "../vite.config.ts"),
    "--outDir",
    root,
    "--emptyOutDir",
  ];
  await promisify(execFile)(process.execPath, [...build, "--logLevel", "error"], {
    env: { ...process.env, NODE_ENV: "production" },
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  rmSync(root, { recursive: true, force: true });
});

type StageOptions = Partial<FixtureOptions & PageOptions> & {
  path?: string | ((server: FixtureServer) => string);
  /** The page may complain in the console; otherwise that fails the test. */
  complains?: boolean;
};

/** A real browser on the built page and a fixture server. */
export async function stage(
  { path = "/", complains = false, ...options }: StageOptions,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const server = await startFixtureServer({ ...options, root });
  const context = await newContext(browser, { ...options, baseURL: server.url });
  try {
    const { page, complaints } = await newPage(context);
    page.setDefaultTimeout(20_000);
    await page.goto(typeof path === "string" ? path : path(server));
    await play({ page, context, server, complaints });
    if (!complains && complaints.length > 0) throw new Error(`The page complained: ${complaints.join("\n")}`);
  } finally {
    await context.close();
    await server.stop();
  }
}

/** The id of the session whose title starts so. */
export function sessionId(server: FixtureServer, title: string): string {
  const found = server.scene.sessions.find((session) => session.title.startsWith(title));
  if (found === undefined) throw new Error(`no session "${title}"`);
  return found.id;
}

export function sessionPath(title: string): (server: FixtureServer) => string {
  return (server) => `/sessions/${sessionId(server, title)}`;
}

/** Waits until a value is as expected. */
export async function until<T>(
  read: () => T | Promise<T>,
  right: (value: T) => boolean,
  what: string,
): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const value = await read();
    if (right(value)) return value;
    if (Date.now() > end)
      throw new Error(`Waited for ${what}; it is ${JSON.stringify(value)?.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
