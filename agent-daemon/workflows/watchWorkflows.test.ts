import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, test, vi } from "vitest";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { RootRules } from "../tools/allowedRoot.ts";
import { watchWorkflows } from "./watchWorkflows.ts";

const SCRIPT = (name: string) =>
  `export const meta = { name: "${name}", description: "of ${name}" };\nreturn 1;`;

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

function begin({ sessions = [] as string[] } = {}) {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "signalbox-watch-")));
  const [work, home] = [join(base, "work"), join(base, "home")];
  mkdirSync(work);
  mkdirSync(home);
  const rules: RootRules = {
    workspaces: [work, join(base, "nowhere")],
    worktreesDir: join(base, "worktrees"),
    sessionDirectories: () => sessions,
    closed: [join(base, "closed")],
    secrets: { holds: () => false } as unknown as RootRules["secrets"],
  };
  const told: Extract<DaemonMessage, { kind: "workflows" }>["items"][] = [];
  const journal = { full: false };
  const watching = watchWorkflows({
    rules: async () => rules,
    outlet: {
      put(messages) {
        if (journal.full) return false;
        for (const message of messages) if (message.kind === "workflows") told.push(message.items);
        return true;
      },
      lost() {},
    },
    log: (_level, message) => {
      throw new Error(message);
    },
    home,
    lookMs: 10,
  });
  running.push(watching);
  const write = (path: string, text: string) => {
    mkdirSync(join(base, path, ".."), { recursive: true });
    writeFileSync(join(base, path), text);
  };
  const names = () =>
    told
      .at(-1)
      ?.map(({ path, place, meta, problem }) => `${place} ${basename(path)} ${problem ?? meta.name}`);
  const shows = (...expected: (string | RegExp)[]) =>
    vi.waitUntil(
      () => {
        const now = names();
        return (
          now?.length === expected.length &&
          expected.every((each, i) => (typeof each === "string" ? now[i] === each : each.test(now[i] ?? "")))
        );
      },
      { timeout: 20_000, interval: 5 },
    );
  /** Long enough for some looks. */
  const someLooks = () => new Promise((resolve) => setTimeout(resolve, 200));
  return { base, work, home, told, journal, watching, write, shows, someLooks };
}

test("what lies there is told once at the start, and again whenever it has changed", async ({ expect }) => {
  const { base, work, told, write, shows, someLooks, watching } = begin();
  await shows();
  write("work/.signalbox/workflows/a.js", SCRIPT("first"));
  await shows("project a.js first");
  expect(told.at(-1)?.[0]).toMatchObject({ root: work, meta: { description: "of first" } });
  write("home/.claude/workflows/b.js", SCRIPT("of home"));
  await shows("project a.js first", "home b.js of home");
  write("work/.signalbox/workflows/a.js", SCRIPT("second"));
  await shows("project a.js second", "home b.js of home");
  write("work/.signalbox/workflows/a.js", "export const meta = 1;");
  await shows(/project a\.js Line 1: meta is an object/, "home b.js of home");
  rmSync(join(base, "work/.signalbox/workflows/a.js"));
  await shows("home b.js of home");
  rmSync(join(base, "home/.claude"), { recursive: true });
  await shows();
  const before = told.length;
  write("work/.signalbox/workflows/notes.md", "none of it");
  await someLooks();
  expect(told).toHaveLength(before);
  watching.announce();
  await vi.waitUntil(() => told.length === before + 1, 20_000);
});

test("a change that keeps length and time is seen, and one that replaces the file as well", async () => {
  const { base, write, shows } = begin();
  const path = join(base, "work/.claude/workflows/a.js");
  write("work/.claude/workflows/a.js", SCRIPT("aaaa"));
  const then = new Date(1_700_000_000_000);
  utimesSync(path, then, then);
  await shows("project a.js aaaa");
  writeFileSync(path, SCRIPT("bbbb"));
  utimesSync(path, then, then);
  await shows("project a.js bbbb");
  writeFileSync(`${path}.new`, SCRIPT("cccc"));
  renameSync(`${path}.new`, path);
  await shows("project a.js cccc");
});

test("links, pipes, large files and names of files are no way out", async () => {
  const { base, work, write, shows } = begin();
  write("secret/s.js", SCRIPT("a secret"));
  mkdirSync(join(work, ".signalbox"));
  symlinkSync(join(base, "secret"), join(work, ".signalbox/workflows"));
  const folder = join(work, ".claude/workflows");
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(base, "secret/s.js"), join(folder, "a-link.js"));
  execFileSync("mkfifo", [join(folder, "b-pipe.js")]);
  mkdirSync(join(folder, "c-directory.js"));
  writeFileSync(join(folder, "d-large.js"), "x".repeat(10_000_000));
  writeFileSync(join(folder, "-e\nodd.js"), "no script");
  await shows(
    /project workflows It is a link to somewhere else/,
    /project -e\nodd\.js Line 1/,
    /project a-link\.js It is not a plain file/,
    /project b-pipe\.js It is not a plain file/,
    /project c-directory\.js It is not a plain file/,
    /project d-large\.js A script has at most/,
  );
});

test("two thousand files are not told one by one", async ({ expect }) => {
  const { base, work, told } = begin();
  mkdirSync(join(base, "many/workflows"), { recursive: true });
  for (let i = 0; i < 2_000; i++) writeFileSync(join(base, `many/workflows/${i}.js`), "");
  renameSync(join(base, "many"), join(work, ".signalbox"));
  await vi.waitUntil(() => told.at(-1)?.length === 100, 60_000);
  expect(told.at(-1)?.at(-1)?.problem).toMatch(/more files on this host/);
  renameSync(join(work, ".signalbox"), join(base, "gone"));
  await vi.waitUntil(() => told.at(-1)?.length === 0, 60_000);
});

test("a journal that is full gets the newest list when there is room", async ({ expect }) => {
  const { told, journal, write, shows, someLooks } = begin();
  await shows();
  journal.full = true;
  write("work/.claude/workflows/a.js", SCRIPT("first"));
  await someLooks();
  write("work/.claude/workflows/a.js", SCRIPT("second"));
  await someLooks();
  expect(told).toHaveLength(1);
  journal.full = false;
  await shows("project a.js second");
});

test("the directory of a session counts, one that is no workspace does not", async () => {
  const sessions: string[] = [];
  const { base, write, shows } = begin({ sessions });
  write("elsewhere/.claude/workflows/a.js", SCRIPT("of a session"));
  write("closed/.claude/workflows/b.js", SCRIPT("of the daemon"));
  await shows();
  sessions.push(join(base, "elsewhere"), join(base, "closed"), "/nowhere/at/all");
  await shows("project a.js of a session");
});
