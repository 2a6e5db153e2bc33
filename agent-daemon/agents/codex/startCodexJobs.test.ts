import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { CommandOf } from "../../../protocol/commands.ts";
import type { EventBody } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import { MAX_EVENT_BYTES } from "../../../protocol/limits.ts";
import { writeCounterCodex, writeProgram } from "../../../tests/support/writeProgram.ts";
import { launch, run as runProgram } from "../../run.ts";
import { seededRandom } from "../../testing/seededRandom.ts";
import { tempDir } from "../../testing/tempDir.ts";
import { gitOutput, runGit } from "../../worktrees/runGit.ts";
import { claimJob, createJobFiles, jobDir, jobPaths, readChild } from "./jobFiles.ts";
import { identify } from "../../system/processIdentity.ts";
import { JOB_WORD } from "./superviseJob.ts";
import { DAEMON_PROGRAM, JOB_PROGRAM, startJobHarness, until } from "./testing/jobHarness.ts";
import type { HarnessOptions } from "./testing/jobHarness.ts";

async function harness(over: Partial<HarnessOptions> = {}) {
  const dir = over.dir ?? tempDir();
  const started = await startJobHarness({ dir, codex: writeCounterCodex(dir), ...over });
  onTestFinished(() => started.stop());
  return { ...started, dir };
}

function start(prompt: string, over: Partial<CommandOf<"codex_start">> = {}): CommandOf<"codex_start"> {
  return { type: "codex_start", prompt, cwd: "/", ...over };
}

function numbers(events: EventBody[]): number[] {
  return events.flatMap((event) =>
    event.type === "item" && event.item.kind === "message"
      ? [Number(event.item.text.replace("number ", ""))]
      : [],
  );
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

it("runs a job and tells everything of it, in order", async () => {
  const { part, run, events, messages, ended, config } = await harness();
  const session = newId("ses");
  const result = await run(session, start("COUNT: 3\nRATE: 0"));
  expect(result).toEqual({ status: "done", value: { type: "job", pid: expect.any(Number), worktree: null } });
  expect(part.handles({ type: "interrupt" }, session)).toBe(true);
  expect(part.handles({ type: "interrupt" }, newId("ses"))).toBe(false);
  expect((await ended(session)).status).toBe("done");
  expect(events(session).map((event) => (event.type === "item" ? event.id : event.type))).toEqual([
    "status",
    "t1.prompt",
    "turn_started",
    "t1.item_1",
    "t1.item_2",
    "t1.item_3",
    "turn_completed",
    "ended",
  ]);
  expect(messages()[0]).toMatchObject({
    kind: "session",
    session,
    provider: "codex",
    title: "COUNT: 3",
    facts: { cwd: "/", agent: "codex", preview: null },
  });
  expect(messages().at(-1)).toMatchObject({ kind: "facts", facts: { preview: "number 3" } });
  expect(part.jobs()).toEqual([]);
  await expect.poll(() => readdirSync(join(config.state_dir, "jobs", session))).toEqual([]);
});

it("loses and doubles nothing of a fast job, in few puts", async () => {
  const { run, events, ended, puts } = await harness();
  const session = newId("ses");
  await run(session, start("COUNT: 30000\nRATE: 0"));
  await ended(session);
  expect(numbers(events(session))).toEqual(range(30_000));
  expect(puts()).toBeLessThan(200);
});

it("makes few puts of a steady stream", async () => {
  const { run, events, ended, puts } = await harness();
  const session = newId("ses");
  await run(session, start("COUNT: 20000\nRATE: 10000"));
  await ended(session);
  expect(numbers(events(session))).toEqual(range(20_000));
  expect(puts()).toBeLessThan(2_000 / 8); // at most one per gathering time
});

it("starts nothing when the same command comes again, at once or later", async () => {
  const { run, ended, messages, part } = await harness();
  const session = newId("ses");
  const id = newId("cmd");
  const twice = await Promise.all([run(session, start("COUNT: 5"), id), run(session, start("COUNT: 5"), id)]);
  // The second of two at the very same time may be refused; it never starts anything.
  expect(twice.map(({ status }) => status)).toContain("done");
  const [first] = twice;
  expect(await run(session, start("COUNT: 5"), id)).toEqual(first);
  await ended(session);
  expect(part.jobs()).toEqual([]);
  expect(await run(session, start("COUNT: 5"), id)).toEqual(first);
  expect(messages().filter((message) => message.kind === "session")).toHaveLength(1);
  expect(
    messages()
      .flatMap((m) => (m.kind === "events" ? m.events : []))
      .filter(({ event }) => event.type === "status"),
  ).toHaveLength(1);
});

it("refuses a turn while one runs, a directory that is not there, and a thread that is an option", async () => {
  const { run, part } = await harness();
  const session = newId("ses");
  await run(session, start("COUNT: 1\nHANG"));
  expect(await run(session, start("COUNT: 1"))).toMatchObject({ status: "failed", code: "busy" });
  expect(await run(newId("ses"), start("x", { cwd: "/not/there" }))).toMatchObject({
    code: "no_such_directory",
  });
  expect(await run(newId("ses"), start("x", { resume: "--last" }))).toMatchObject({ code: "bad_thread" });
  expect(await run("../../etc", start("x"))).toMatchObject({ code: "bad_session" });
  expect(await run(session, { type: "resize", cols: 80, rows: 24 })).toMatchObject({ code: "not_supported" });
  expect(part.jobs()).toEqual([{ session, turn: 1 }]);
  expect(await run(session, { type: "kill" })).toEqual({ status: "done", value: { type: "nothing" } });
});

it("goes on with the conversation in a new turn, with what it was given before", async () => {
  const { run, events, ended, config } = await harness();
  const session = newId("ses");
  await run(session, start("COUNT: 2", { sandbox: "workspace-write", model: "gpt-5.5" }));
  await ended(session);
  const thread =
    events(session).flatMap((event) => (event.type === "turn_started" ? [event.thread] : []))[0] ?? "";
  await run(session, start("COUNT: 3\nHANG", { resume: thread }));
  const spec = readFileSync(join(config.state_dir, "jobs", session, "2", "job.json"), "utf8");
  expect(JSON.parse(spec).argv.slice(1)).toEqual(
    ["exec", "resume", "--json", "--skip-git-repo-check", "--model", "gpt-5.5", "--config"].concat([
      'sandbox_mode="workspace-write"',
      "--",
      thread,
      "-",
    ]),
  );
  await until(() => (numbers(events(session)).length === 5 ? true : null));
  await run(session, { type: "codex_stop" });
  await ended(session, 2);
  const ids = events(session).flatMap((event) => (event.type === "item" ? [event.id] : []));
  expect(ids).toEqual([
    "t1.prompt",
    "t1.item_1",
    "t1.item_2",
    "t2.prompt",
    "t2.item_1",
    "t2.item_2",
    "t2.item_3",
  ]);
  expect(events(session).filter((event) => event.type === "turn_started")).toEqual([
    { type: "turn_started", turn: 1, thread },
    { type: "turn_started", turn: 2, thread },
  ]);
});

it.each<[string, string, Partial<EventBody>, string[]]>([
  [
    "fails",
    "COUNT: 1\nFAIL: no money",
    { status: "trouble", exit: { code: 1, signal: null, message: "no money" } },
    ["no money"],
  ],
  [
    "ends without a final event",
    "COUNT: 1\nEXIT: 0",
    { status: "trouble", exit: { code: 0, signal: null, message: "the process died without a final event" } },
    ["the process died without a final event"],
  ],
  [
    "complains on stderr",
    "COUNT: 1\nEXIT: 7\nSTDERR: Error: cannot go on, token=abcdefgh",
    { status: "trouble", exit: { code: 7, signal: null, message: "cannot go on, token=[secret]" } },
    ["cannot go on, token=[secret]"],
  ],
])("says why when it %s", async (_name, prompt, end, failures) => {
  const { run, events, ended } = await harness();
  const session = newId("ses");
  await run(session, start(prompt));
  expect(await ended(session)).toMatchObject(end);
  expect(events(session).flatMap((event) => (event.type === "turn_failed" ? [event.message] : []))).toEqual(
    failures,
  );
  const notices = events(session).flatMap((event) => (event.type === "notice" ? [event.message] : []));
  expect(notices).toEqual(prompt.includes("STDERR") ? ["Error: cannot go on, token=[secret]"] : []);
});

it("says that codex is missing", async () => {
  const { run, ended } = await harness({ codex: "no-such-codex" });
  const session = newId("ses");
  expect(await run(session, start("x"))).toEqual({
    status: "failed",
    code: "not_started",
    message: "Codex did not start: no-such-codex was not found.",
  });
  expect(await ended(session)).toMatchObject({
    status: "trouble",
    exit: { message: "no-such-codex was not found" },
  });
});

it("takes lines as they come: broken, huge, and a last one without an end", async () => {
  const dir = tempDir();
  const script = join(dir, "odd.mjs");
  writeFileSync(
    script,
    `import { writeSync } from "node:fs";
     const out = (...parts) => { for (const part of parts) for (let at = 0, b = Buffer.from(part); at < b.length;) at += writeSync(1, b, at); };
     out("not json\\n", Buffer.from([0xff, 0xfe, 10]), "\\n", '{"type":"item.completed","item":{"id":"a","type":"agent_message","text":"', "x".repeat(1_000_000), '"}}\\n');
     out("y".repeat(9 * 1024 * 1024), "\\n");
     out('{"type":"turn.completed","usage":null}');`,
  );
  const { run, events, ended, messages } = await harness({ dir, codex: writeProgram(dir, "odd", script) });
  const session = newId("ses");
  await run(session, start("x"));
  expect(await ended(session)).toMatchObject({ status: "done" });
  const items = events(session).flatMap((event) => (event.type === "item" ? [event.item] : []));
  expect(items.map((item) => item.kind)).toEqual(["user_message", "other", "other", "message", "other"]);
  expect(items[2]).toEqual({ kind: "other", name: "output", json: "\ufffd\ufffd" });
  expect(items[3]).toMatchObject({ text: expect.stringMatching(/^x+ \[… \d+ bytes cut …\]$/) });
  expect(items[4]).toMatchObject({
    name: "line too long",
    json: expect.stringMatching(/^y+ \[… 9420800 bytes cut …\]$/),
  });
  expect(events(session).some((event) => event.type === "gap")).toBe(false);
  expect(messages().every((message) => JSON.stringify(message).length <= MAX_EVENT_BYTES + 1024)).toBe(true);
});

it("waits with a full journal, and goes on where it was", async () => {
  const { run, events, journal, part } = await harness({ journalMaxBytes: 64 * 1024 });
  const session = newId("ses");
  await run(session, start("COUNT: 5000\nRATE: 0"));
  const seen: EventBody[] = [];
  let rounds = 0;
  await until(async () => {
    const before = journal.head();
    await sleep(300); // nothing more fits: it waits
    seen.push(...events(session));
    journal.ack(journal.head());
    journal.flush();
    if (journal.head() > before) rounds += 1;
    return seen.some((event) => event.type === "ended") ? true : null;
  });
  expect(numbers(seen)).toEqual(range(5_000));
  expect(
    seen.filter((event) => event.type === "ended" || event.type === "gap").map(({ type }) => type),
  ).toEqual(["ended"]);
  expect(rounds).toBeGreaterThan(2);
  expect(part.jobs()).toEqual([]);
});

it("follows again when following broke", async () => {
  const complaints: string[] = [];
  const { run, events, ended } = await harness({
    beforePut(puts) {
      if (puts === 5) throw new Error("out of the blue");
    },
    log: (level, message) => (level === "error" ? complaints.push(message) : undefined),
  });
  const session = newId("ses");
  await run(session, start("COUNT: 3000\nRATE: 3000"));
  await ended(session);
  expect(numbers(events(session))).toEqual(range(3_000));
  expect(complaints).toEqual([expect.stringContaining("no longer followed")]);
});

it("starts nothing with a full journal", async () => {
  const { run, journal, part, config } = await harness({ journalMaxBytes: 64 * 1024 });
  const message = "x".repeat(60 * 1024);
  journal.put([
    {
      kind: "events",
      session: newId("ses"),
      events: [{ at: 1, event: { type: "notice", level: "info", message } }],
    },
  ]);
  const session = newId("ses");
  expect(await run(session, start("y".repeat(10_000)))).toMatchObject({ code: "journal_full" });
  expect(part.jobs()).toEqual([]);
  expect(existsSync(join(config.state_dir, "jobs", session, "1"))).toBe(false);
});

it.each([
  ["codex_stop", { code: 1, signal: null, message: "stopped" }],
  ["interrupt", { code: 1, signal: null, message: "stopped" }],
  ["kill", { code: null, signal: "SIGKILL", message: "stopped" }],
] as const)("%s ends a job, once", async (type, exit) => {
  const { run, events, ended } = await harness();
  const session = newId("ses");
  await run(session, start("COUNT: 3\nHANG"));
  await until(() => (numbers(events(session)).length === 3 ? true : null));
  const answers = await Promise.all([run(session, { type }), run(session, { type })]);
  expect(answers.map(({ status }) => status)).toEqual(["done", "done"]);
  expect(await ended(session)).toEqual({ type: "ended", status: "done", exit });
  await until(async () => ((await run(session, { type })).status === "failed" ? true : null));
  expect(await run(session, { type })).toMatchObject({ code: "not_running" });
  expect(numbers(events(session))).toEqual([1, 2, 3]);
});

it("goes on after the daemon was away, whether the job ended meanwhile or not", async () => {
  const dir = tempDir();
  const first = await harness({ dir });
  const short = newId("ses");
  const long = newId("ses");
  await Promise.all([
    first.run(short, start("COUNT: 2000\nRATE: 4000")),
    first.run(long, start("COUNT: 6000\nRATE: 3000")),
  ]);
  await until(() => (numbers(first.events(long)).length > 100 ? true : null));
  expect(numbers(first.events(short)).length).toBeLessThan(2_000);
  await first.stop();
  await sleep(1_000); // the short one ends
  const second = await harness({ dir });
  expect(second.part.jobs()).toHaveLength(2);
  await Promise.all([second.ended(short), second.ended(long)]);
  expect(numbers(second.events(short))).toEqual(range(2_000));
  expect(numbers(second.events(long))).toEqual(range(6_000));
  expect(second.events(long).filter((event) => event.type === "ended")).toHaveLength(1);
});

it("says that a job died when its process and its supervisor did", async () => {
  const { run, events, ended, config } = await harness();
  const session = newId("ses");
  await run(session, start("COUNT: 3\nHANG"));
  await until(() => (numbers(events(session)).length === 3 ? true : null));
  const paths = jobPaths(jobDir(config.state_dir, session, 1));
  // The supervisor first: it must not see how the other one ended.
  for (const path of [paths.claim, paths.child])
    process.kill(JSON.parse(readFileSync(path, "utf8")).pid, "SIGKILL");
  expect(await ended(session)).toEqual({
    type: "ended",
    status: "trouble",
    exit: { code: null, signal: null, message: "the process died without a final event" },
  });
});

it("follows a job whose supervisor died to its end, and can stop it", async () => {
  const { run, events, ended, config } = await harness();
  const [goesOn, hangs] = [newId("ses"), newId("ses")];
  await run(goesOn, start("COUNT: 4000\nRATE: 2000"));
  await run(hangs, start("COUNT: 1\nHANG"));
  for (const session of [goesOn, hangs]) {
    process.kill(
      JSON.parse(readFileSync(jobPaths(jobDir(config.state_dir, session, 1)).claim, "utf8")).pid,
      "SIGKILL",
    );
  }
  await until(() => (numbers(events(hangs)).length === 1 ? true : null));
  expect(await run(hangs, { type: "codex_stop" })).toMatchObject({ status: "done" });
  expect(await ended(hangs)).toMatchObject({ status: "done", exit: { message: "stopped" } });
  expect(await ended(goesOn)).toEqual({
    type: "ended",
    status: "done",
    exit: { code: null, signal: null, message: null },
  });
  expect(numbers(events(goesOn))).toEqual(range(4_000));
});

it("does not take another process with the same number for its supervisor", async () => {
  const dir = tempDir();
  const first = await harness({ dir });
  const session = newId("ses");
  await first.run(session, start("COUNT: 1\nHANG"));
  await first.stop();
  const paths = jobPaths(jobDir(first.config.state_dir, session, 1));
  for (const path of [paths.claim, paths.child]) {
    const identity = JSON.parse(readFileSync(path, "utf8"));
    process.kill(identity.pid, "SIGKILL");
    // This very process has the number now.
    writeFileSync(path, JSON.stringify({ ...identity, pid: process.pid }));
  }
  const second = await harness({ dir });
  expect(await second.ended(session)).toMatchObject({
    status: "trouble",
    exit: { message: "the process died without a final event" },
  });
});

it("says so when the supervisor cannot start", async () => {
  const { run, ended, part } = await harness({ selfPath: "/not/a/program.mjs" });
  const session = newId("ses");
  expect(await run(session, start("COUNT: 1"))).toMatchObject({ status: "failed", code: "not_started" });
  expect(await ended(session)).toMatchObject({
    status: "trouble",
    exit: { message: expect.stringContaining("it was never started: Cannot find module") },
  });
  expect(part.jobs()).toEqual([]);
});

it("never starts a job that was given up", async () => {
  const dir = jobDir(tempDir(), newId("ses"), 1);
  const argv: [string, ...string[]] = [process.execPath, "-e", "console.log(1)"];
  await createJobFiles(dir, { session: newId("ses"), turn: 1, argv, cwd: "/", worktree: null }, "");
  expect(await claimJob(dir, { given_up: true })).toBe(true);
  const late = await runProgram({ argv: [process.execPath, JOB_PROGRAM, JOB_WORD, dir], timeoutMs: 10_000 });
  expect(late).toMatchObject({ status: "exited", code: 0 });
  expect(await readChild(dir)).toBeNull();
  expect(readFileSync(jobPaths(dir).stdout, "utf8")).toBe("");
});

it("takes a job that no supervisor took for dead", async () => {
  const dir = tempDir();
  // A supervisor that never gets to its work, as one that was killed just after it was launched.
  const selfPath = join(dir, "idle.mjs");
  writeFileSync(selfPath, "setTimeout(() => {}, 1_000);");
  const first = await harness({ dir, selfPath });
  const session = newId("ses");
  const answer = first.run(session, start("COUNT: 1"));
  await until(() => (first.part.jobs().length > 0 ? true : null));
  await first.stop();
  expect(await answer).toMatchObject({ status: "indeterminate" });
  const second = await harness({ dir });
  expect(await second.ended(session)).toMatchObject({
    status: "trouble",
    exit: { message: "it was never started" },
  });
  expect(numbers(second.events(session))).toEqual([]);
});

it("runs a job once, however many supervisors there are", async () => {
  const { run, events, ended, config } = await harness();
  const session = newId("ses");
  const dir = jobDir(config.state_dir, session, 1);
  await run(session, start("COUNT: 500\nRATE: 1000"));
  await Promise.all(
    range(3).map(() =>
      runProgram({ argv: [process.execPath, JOB_PROGRAM, JOB_WORD, dir], timeoutMs: 10_000 }),
    ),
  );
  await ended(session);
  expect(numbers(events(session))).toEqual(range(500));
});

it("tells of a running job that a wiped store has forgotten, and follows it from there", async () => {
  const dir = tempDir();
  const first = await harness({ dir });
  const session = newId("ses");
  await first.run(session, start("COUNT: 4000\nRATE: 2000"));
  await until(() => (numbers(first.events(session)).length > 500 ? true : null));
  await first.stop();
  for (const name of readdirSync(first.config.state_dir)) {
    if (name.startsWith("agent.db")) rmSync(join(first.config.state_dir, name));
  }
  const second = await harness({ dir });
  expect(await second.ended(session)).toMatchObject({ status: "done", exit: { code: 0 } });
  const [told] = second.messages();
  expect(told).toMatchObject({ kind: "session", session, title: "COUNT: 4000" });
  expect(second.events(session)[0]).toMatchObject({ type: "notice", level: "warning" });
  const rest = numbers(second.events(session));
  expect(rest).toEqual(range(4_000).slice(-rest.length));
  expect(second.events(session)).toContainEqual({ type: "turn_completed", turn: 1, usage: null });
});

it("ends a job whose files were removed", async () => {
  const { run, ended, config, events } = await harness();
  const session = newId("ses");
  const result = await run(session, start("COUNT: 1\nHANG"));
  await until(() => (numbers(events(session)).length === 1 ? true : null));
  rmSync(join(config.state_dir, "jobs"), { recursive: true });
  expect(await ended(session)).toMatchObject({
    status: "trouble",
    exit: { message: "the job's files are gone from the host" },
  });
  const pid = result.status === "done" && result.value.type === "job" ? result.value.pid : 0;
  await until(async () => ((await identify(pid)) === null ? true : null));
});

it("does not use ids again in a session that a wiped store has forgotten", async () => {
  const { run, events, ended } = await harness();
  const session = newId("ses");
  const id = newId("cmd");
  await run(session, start("COUNT: 1", { resume: "a-thread-from-before" }), id);
  await ended(session);
  const ids = events(session).flatMap((event) => (event.type === "item" ? [event.id] : []));
  expect(ids).toEqual([`t1-${id.slice(-6)}.prompt`, `t1-${id.slice(-6)}.item_1`]);
  expect(events(session)).toContainEqual({ type: "turn_completed", turn: 1, usage: null });
});

it("works in a worktree of its own, and keeps what is in it", async () => {
  const dir = tempDir();
  const repo = join(dir, "repo");
  mkdirSync(repo);
  const git = async (...args: string[]) => gitOutput(await runGit(repo, args));
  await git("init", "-q", "-b", "main");
  await git(
    "-c",
    "user.name=T",
    "-c",
    "user.email=t@example.com",
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    "start",
  );
  const { run, messages, ended } = await harness({ dir });
  const session = newId("ses");
  const result = await run(session, start("COUNT: 1\nHANG", { cwd: repo, worktree: { branch: "job-1" } }));
  const worktree = result.status === "done" && result.value.type === "job" ? result.value.worktree : null;
  expect(worktree).toMatchObject({ branch: "job-1", repo });
  if (worktree === null) throw new Error("no worktree");
  expect(messages()[0]).toMatchObject({
    facts: { cwd: worktree.path, worktree, git: { branch: "job-1", dirty: 0 } },
  });
  expect(await run(session, { type: "remove_worktree" })).toMatchObject({ code: "busy" });
  writeFileSync(join(worktree.path, "new.txt"), "work");
  expect(await run(session, { type: "kill" })).toMatchObject({
    code: "would_lose_work",
    details: ["uncommitted: ?? new.txt"],
  });
  expect(await run(session, { type: "kill", force: true })).toMatchObject({ status: "done" });
  await ended(session);
  expect(messages().at(-1)).toMatchObject({ kind: "facts", facts: { git: { dirty: 1 } } });
  await until(async () => ((await run(session, { type: "kill" })).status === "failed" ? true : null));
  expect(await run(session, { type: "remove_worktree" })).toMatchObject({ code: "would_lose_work" });
  rmSync(join(worktree.path, "new.txt"));
  expect(await run(session, { type: "remove_worktree" })).toMatchObject({ status: "done" });
  expect(existsSync(worktree.path)).toBe(false);
  expect(messages().at(-1)).toMatchObject({ kind: "facts", facts: { cwd: repo, worktree: null } });
  expect(await run(session, { type: "remove_worktree" })).toMatchObject({ code: "no_worktree" });
});

it(
  "survives kill -9 of the daemon again and again without losing or doubling one event",
  { timeout: 120_000 },
  async () => {
    const dir = tempDir();
    const codex = writeCounterCodex(dir);
    const sessions = [newId("ses"), newId("ses")];
    const wish = JSON.stringify({ prompt: "COUNT: 12000\nRATE: 2500", cwd: "/" });
    const pairs = sessions.map((session) => `${session}=${newId("cmd")}`);
    const random = seededRandom(4711);
    let kills = 0;
    for (let over = false; !over; kills++) {
      // The same commands every time, as an edge sends them until it knows their results.
      const daemon = launch({
        argv: [process.execPath, DAEMON_PROGRAM, dir, codex, wish, ...pairs],
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = new Promise((resolve) => daemon.on("exit", resolve));
      const ended = new Promise<boolean>((resolve) => {
        daemon.stdout?.on("data", (text: Buffer) => {
          if (text.includes("ended")) resolve(true);
        });
      });
      over = await Promise.race([sleep(100 + random() * 900, false), ended]);
      daemon.kill("SIGKILL");
      await exited;
    }
    const after = await harness({ dir });
    for (const session of sessions) {
      expect(numbers(after.events(session))).toEqual(range(12_000));
      const types = after.events(session).flatMap(({ type }) => (type === "item" ? [] : [type]));
      expect(types).toEqual(["status", "turn_started", "turn_completed", "ended"]);
    }
    expect(kills).toBeGreaterThan(5);
  },
);
