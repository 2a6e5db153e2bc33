import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import { launch } from "../../run.ts";
import { identify, ProcessIdentity } from "../../system/processIdentity.ts";
import { seededRandom } from "../../testing/seededRandom.ts";
import { tempDir } from "../../testing/tempDir.ts";
import { until } from "../codex/testing/jobHarness.ts";
import { type OwnedHarness, startOwnedHarness } from "./testing/ownedHarness.ts";

const CLAUDE = join(import.meta.dirname, "testing/fakeClaude.mjs");
const DAEMON = join(import.meta.dirname, "testing/runUntilKilled.ts");
const applied = { status: "done", value: { type: "decided", end: "applied" } };

const MOST_KILLS = 25;

type Options = { dir?: string; hasRoom?: () => boolean };

async function harness({ dir = tempDir(), hasRoom }: Options = {}) {
  const host = await startOwnedHarness({
    dir,
    agents: { claude: CLAUDE },
    env: { ...process.env, RAN: join(dir, "ran") },
    ...(hasRoom === undefined ? {} : { hasRoom }),
  });
  onTestFinished(async () => {
    if (host.isStopped()) return;
    for (const session of readdirSync(join(dir, "state/owned"))) await host.run(session, { type: "kill" });
    await host.stop();
  });
  return { host, dir };
}
async function start(host: OwnedHarness, prompt?: string): Promise<string> {
  const { session, result } = await host.start({
    agent: "claude",
    cwd: "/",
    ...(prompt === undefined ? {} : { prompt }),
  });
  expect(result).toMatchObject({ status: "done" });
  return session;
}
const ran = (dir: string) =>
  existsSync(join(dir, "ran")) ? readFileSync(join(dir, "ran"), "utf8").trimEnd().split("\n") : [];
function keeperOf(dir: string, session: string): number {
  const runs = join(dir, "state/owned", session);
  const [run = ""] = readdirSync(runs).toSorted((a, b) => Number(b) - Number(a));
  return ProcessIdentity.parse(JSON.parse(readFileSync(join(runs, run, "claim.json"), "utf8"))).pid;
}

it("begins idle without a word, and each command does its work once, however often it comes", async () => {
  const { host, dir } = await harness();
  const session = await start(host);
  await until(() => (host.status(session) === "idle" ? true : null));
  for (let times = 0; times < 3; times++) await host.say(session, "one", "cmd_say");
  const asked = await host.request(session);
  const answers = [1, 2, 3].map(() => host.decide(session, asked.id, {}, "cmd_decide"));
  expect(await Promise.all(answers)).toEqual([applied, applied, applied]);
  await host.turns(session, 1);
  expect([ran(dir), host.requests(session).length]).toEqual([["one"], 1]);
  expect(host.items(session).filter(({ kind }) => kind === "user_message")).toHaveLength(1);
  expect(await host.decide(session, "never-asked")).toMatchObject({ code: "no_such_request" });
  const other = await start(host);
  expect(await host.decide(other, asked.id)).toEqual(applied); // how it ended is no secret
});

it("what is asked and withdrawn at once waits for nobody", async () => {
  const { host } = await harness();
  const session = await start(host, "never mind");
  await host.turns(session, 1);
  expect(host.ends(session).map(({ request }) => request)).toEqual(
    host.requests(session).map(({ id }) => id),
  );
  await until(() => (host.status(session) === "idle" ? true : null));
});

it("ends plainly with its keeper: the turn failed, the request gone; the next message goes on", async () => {
  const { host, dir } = await harness();
  const session = await start(host, "one");
  const asked = await host.request(session);
  process.kill(keeperOf(dir, session), "SIGKILL");
  await until(() => (host.status(session) === "trouble" ? true : null));
  expect(host.ends(session)).toMatchObject([{ request: asked.id, end: "gone" }]);
  expect(host.events(session)).toContainEqual(expect.objectContaining({ type: "turn_failed", turn: 1 }));
  expect(await host.decide(session, asked.id)).toEqual({
    status: "done",
    value: { type: "decided", end: "gone" },
  });
  await host.say(session, "two");
  const next = await host.request(session, 1);
  expect(await host.decide(session, next.id)).toEqual(applied);
  await host.turns(session, 2);
  expect(ran(dir)).toEqual(["two"]);
  expect(host.events(session)).toContainEqual({ type: "turn_started", turn: 2, thread: "the-conversation" });
});

it("does nothing while the journal is full, and says so; what the agent said is told when there is room", async () => {
  let room = true;
  const { host, dir } = await harness({ hasRoom: () => room });
  const session = await start(host, "one");
  const asked = await host.request(session);
  room = false;
  expect(await host.say(session, "two")).toMatchObject({ code: "journal_full" });
  const deciding = host.decide(session, asked.id);
  await until(() => (ran(dir).length === 1 ? true : null));
  expect(host.status(session)).toBe("waiting");
  room = true;
  expect(await deciding).toEqual(applied);
  await host.turns(session, 1);
  expect(host.status(session)).toBe("idle");
});

it("ends agents that a store which was wiped has forgotten", async () => {
  const { host, dir } = await harness();
  const session = await start(host);
  const keeper = keeperOf(dir, session);
  host.store.db.exec("DELETE FROM owned_sessions");
  await host.stop();
  const after = await harness({ dir });
  await until(async () => ((await identify(keeper)) === null ? true : null));
  expect(readdirSync(join(dir, "state/owned", session))).toEqual([]);
  expect(await after.host.say(session, "one")).toMatchObject({ code: "no_such_session" });
});

it(
  "survives kill -9 of the daemon at any moment: 60 requests of four sessions, each asked and answered once",
  { timeout: 120_000 },
  async () => {
    const dir = tempDir();
    const sessions = [1, 2, 3, 4].map(() => newId("ses"));
    const random = seededRandom(4711);
    let kills = 0;
    for (let over = false; !over; kills++) {
      // The same commands every time, as an edge sends them until it knows their results.
      const daemon = launch({
        argv: [process.execPath, DAEMON, dir, CLAUDE, "15", ...sessions],
        env: { ...process.env, RAN: join(dir, "ran") },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = new Promise((resolve) => daemon.on("exit", resolve));
      const said = (word: string) =>
        new Promise<boolean>((resolve) => {
          daemon.stdout?.on("data", (text: Buffer) => text.includes(word) && resolve(true));
        });
      const ended = said("ended");
      await said("up");
      // On a machine that does much beside this it would otherwise hardly get on.
      over = await (kills < MOST_KILLS ? Promise.race([sleep(random() * 600, false), ended]) : ended);
      daemon.kill("SIGKILL");
      await exited;
    }
    const { host } = await harness({ dir });
    const allowed = sessions.flatMap((_, number) =>
      Array.from({ length: 15 }, (_none, round) => `${number}-${round}`).filter(
        (_id, round) => round % 3 !== 2,
      ),
    );
    expect(ran(dir).toSorted()).toEqual(allowed.toSorted());
    for (const session of sessions) {
      expect(host.requests(session)).toHaveLength(15);
      const turns = host
        .events(session)
        .flatMap((each) => (each.type === "turn_completed" ? [each.turn] : []));
      expect(turns).toEqual(Array.from({ length: 15 }, (_, at) => at + 1));
    }
    expect(kills).toBeGreaterThan(5);
  },
);

it("begins once, however often its start comes: also when a daemon died in the middle of it", async () => {
  const { host, dir } = await harness();
  const repo = aRepository(dir);
  const session = newId("ses");
  const start = { type: "agent_start", agent: "claude", cwd: repo, worktree: { branch: "own" } } as const;
  // It had made the worktree, and had not noted anything else.
  host.store.db.prepare("INSERT INTO owned_commands VALUES (?, ?)").run("cmd_start worktree", Date.now());
  const left = join(dir, "worktrees/repo/own");
  execFileSync("git", ["-C", repo, "worktree", "add", "-q", "-b", "own", left]);
  for (let times = 0; times < 2; times++)
    expect(await host.run(session, start, "cmd_start")).toMatchObject({
      status: "done",
      value: { type: "job", worktree: { branch: "own", path: left } },
    });
  expect(host.messages().filter(({ kind }) => kind === "session")).toHaveLength(1);
  // Another session never gets it.
  expect(await host.run(newId("ses"), start, "cmd_other")).toMatchObject({ code: "branch_exists" });
  expect(existsSync(left)).toBe(true);
  // Nor is one taken away that holds work.
  host.store.db.prepare("INSERT INTO owned_commands VALUES (?, ?)").run("cmd_third worktree", Date.now());
  writeFileSync(join(left, "work"), "mine");
  expect(await host.run(newId("ses"), start, "cmd_third")).toMatchObject({ code: "branch_exists" });
  expect(readFileSync(join(left, "work"), "utf8")).toBe("mine");
});

it("is ended, and its worktree taken away right after, unless that holds work", async () => {
  const { host, dir } = await harness();
  const repo = aRepository(dir);
  for (const work of [false, true]) {
    const { session, result } = await host.start({
      agent: "claude",
      cwd: repo,
      worktree: { branch: `b${work}` },
    });
    if (result.status !== "done" || result.value.type !== "job") throw new Error(JSON.stringify(result));
    const path = result.value.worktree?.path ?? "";
    if (work) writeFileSync(join(path, "work"), "mine");
    // One after the other, without waiting for its end to be told.
    expect(await host.run(session, { type: "kill", force: true })).toMatchObject({ status: "done" });
    // It comes again from a daemon that died in the middle of it, or right after.
    if (!work) execFileSync("git", ["-C", repo, "worktree", "remove", path]);
    for (let times = 0; times < 2; times++)
      expect(await host.run(session, { type: "remove_worktree" }, `cmd_remove ${work}`)).toMatchObject(
        work ? { status: "failed", code: "would_lose_work" } : { status: "done" },
      );
    expect(host.part.repeats?.({ type: "remove_worktree" })).toBe(true);
    expect(existsSync(path)).toBe(work);
  }
});

/** A repository with one commit. */
function aRepository(dir: string): string {
  const repo = join(dir, "repo");
  mkdirSync(repo);
  const git = (...args: string[]) => execFileSync("git", ["-C", repo, ...args]);
  git("init", "-q", "-b", "main");
  git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "begin");
  return repo;
}
