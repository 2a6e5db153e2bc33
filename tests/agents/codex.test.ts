import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jobDir, jobPaths } from "../../agent-daemon/agents/codex/jobFiles.ts";
import { isAlive, ProcessIdentity } from "../../agent-daemon/system/processIdentity.ts";
import { NO_FINAL_EVENT } from "../../agent-daemon/agents/codex/translate.ts";
import {
  DAEMON_PROGRAM,
  startJobHarness,
  until,
} from "../../agent-daemon/agents/codex/testing/jobHarness.ts";
import { launch } from "../../agent-daemon/run.ts";
import type { CommandOf } from "../../protocol/commands.ts";
import type { EventBody, Item } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeCodexHome } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";

const codex = await findAgent("codex");
if ("missing" in codex) console.warn(`Skipped: ${codex.missing}`);

type Harness = Awaited<ReturnType<typeof startJobHarness>>;

describe.skipIf("missing" in codex)("the real codex", () => {
  const program = "path" in codex ? codex.path : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let dir: string;
  let cwd: string;
  let env: NodeJS.ProcessEnv;
  let harness: Harness;
  let session: string;

  beforeAll(async () => {
    model = await startFakeModel();
  });
  afterAll(() => model.stop());
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "signalbox-codex-"));
    cwd = join(dir, "work");
    mkdirSync(cwd);
    env = makeCodexHome(dir, model.url);
    session = newId("ses");
    harness = await startJobHarness({ dir, codex: program, env });
  });
  afterEach(async () => {
    for (const job of harness.part.jobs()) await harness.run(job.session, { type: "kill", force: true });
    await harness.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  function start(prompt: string, over: Partial<CommandOf<"codex_start">> = {}) {
    // Without a sandbox: a container may not allow one, and what codex's own sandbox does is not our subject.
    return harness.run(session, { type: "codex_start", prompt, cwd, sandbox: "danger-full-access", ...over });
  }

  function items(): Item[] {
    return harness.events(session).flatMap((event) => (event.type === "item" ? [event.item] : []));
  }

  function of<T extends EventBody["type"]>(type: T): Extract<EventBody, { type: T }>[] {
    return harness
      .events(session)
      .filter((event): event is Extract<EventBody, { type: T }> => event.type === type);
  }

  function identityIn(file: "claim" | "child", turn = 1) {
    const path = jobPaths(jobDir(harness.config.state_dir, session, turn))[file];
    return ProcessIdentity.parse(JSON.parse(readFileSync(path, "utf8")));
  }

  /** Waits until the model is answering slowly. */
  async function answering(): Promise<void> {
    await until(() => (model.asked.some(({ ask }) => ask.userText.includes(session)) ? true : null));
  }

  it("answers", async () => {
    expect(await start("hello\nTHINK: about it")).toMatchObject({ status: "done", value: { type: "job" } });
    expect(await harness.ended(session)).toEqual({
      type: "ended",
      status: "done",
      exit: { code: 0, signal: null, message: null },
    });
    expect(items()).toEqual([
      { kind: "user_message", text: "hello\nTHINK: about it" },
      { kind: "reasoning", text: "about it" },
      { kind: "message", text: "echo: hello\nTHINK: about it" },
    ]);
    const [started] = of("turn_started");
    expect(started?.thread).toMatch(/^[0-9a-f-]{36}$/);
    expect(of("turn_completed")[0]?.usage?.input_tokens).toBeGreaterThan(1_000);
  });

  it("runs commands, and shows one that fails", async () => {
    await start("RUN: echo one; exit 3\nRUN: echo two");
    expect(await harness.ended(session)).toMatchObject({ status: "done" });
    const commands = items().filter((item) => item.kind === "command" && item.status !== "in_progress");
    expect(commands).toMatchObject([
      { output: "one\n", exit_code: 3, status: "failed" },
      { output: "two\n", exit_code: 0, status: "completed" },
    ]);
  });

  it("patches files", async () => {
    await start("WRITE: new.txt :: first\nEDIT: new.txt :: first :: second");
    expect(await harness.ended(session)).toMatchObject({ status: "done" });
    expect(readFileSync(join(cwd, "new.txt"), "utf8")).toBe("second\n");
    const changes = items().filter((item) => item.kind === "file_change");
    expect(changes.map(({ changes: [change], status }) => `${change?.change} ${status}`)).toEqual([
      "add in_progress",
      "add completed",
      "update in_progress",
      "update completed",
    ]);
  });

  it("fails in words", async () => {
    await start("FAIL: 400");
    expect(await harness.ended(session)).toEqual({
      type: "ended",
      status: "trouble",
      exit: { code: 1, signal: null, message: "you asked for 400" },
    });
    expect(of("turn_failed")).toEqual([{ type: "turn_failed", turn: 1, message: "you asked for 400" }]);
  });

  it("tries again when the stream breaks", async () => {
    await start("FAIL: drop 1");
    expect(await harness.ended(session)).toMatchObject({ status: "done" });
    expect(of("notice")).toMatchObject([
      { level: "warning", message: expect.stringMatching(/^Reconnecting/) },
    ]);
  });

  it("goes on with a thread, and counts each turn's tokens", async () => {
    await start("RUN: echo remember");
    await harness.ended(session);
    const thread = of("turn_started")[0]?.thread ?? "";
    await start("and now?", { resume: thread });
    expect(await harness.ended(session, 2)).toMatchObject({ status: "done" });
    expect(of("turn_started")).toEqual([
      { type: "turn_started", turn: 1, thread },
      { type: "turn_started", turn: 2, thread },
    ]);
    const asked = model.asked.at(-1)?.ask;
    expect(asked?.userText.trim()).toBe("and now?");
    expect(asked?.prompt).toContain("remember");
    // One request in the second turn, two in the first: Codex's own count of the thread only grows.
    const [first, second] = of("turn_completed").map(({ usage }) => usage?.input_tokens ?? 0);
    expect(second).toBeGreaterThan(1_000);
    expect(second).toBeLessThan(first ?? 0);
    const cached = of("turn_completed")[1]?.usage?.cached_input_tokens ?? 0;
    expect(cached).toBeGreaterThan((second ?? 0) * 0.8);
    expect(items().at(-1)).toEqual({ kind: "message", text: "echo: and now?" });
  });

  it("says that a thread is unknown", async () => {
    await start("hello", { resume: "01a1f743-0000-7000-8000-000000000000" });
    expect(await harness.ended(session)).toMatchObject({
      status: "trouble",
      exit: { code: 1, message: expect.stringContaining("no rollout found") },
    });
  });

  it("is stopped", async () => {
    await start(`${session}\nSLOW: 500`);
    await answering();
    expect(await harness.run(session, { type: "codex_stop" })).toMatchObject({ status: "done" });
    expect(await harness.ended(session)).toMatchObject({ status: "done", exit: { message: "stopped" } });
    expect(of("turn_failed")).toEqual([{ type: "turn_failed", turn: 1, message: "stopped" }]);
    // The conversation can be gone on with.
    await start("again", { resume: of("turn_started")[0]?.thread ?? "" });
    expect(await harness.ended(session, 2)).toMatchObject({ status: "done", exit: { code: 0 } });
  });

  it("ends the command that runs when it is stopped", async () => {
    await start(`RUN: echo $$ > pid; sleep 1000`);
    const pid = await until(() => {
      const path = join(cwd, "pid");
      const text = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
      return text === "" ? null : Number(text);
    });
    // Codex tells of a command once it has run for a moment.
    await until(() => (items().some((item) => item.kind === "command") ? true : null));
    expect(await harness.run(session, { type: "interrupt" })).toMatchObject({ status: "done" });
    await harness.ended(session);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    const commands = items().filter((item) => item.kind === "command");
    expect(commands.map(({ status }) => status)).toEqual(["in_progress", "failed"]);
  });

  it("is killed by somebody", async () => {
    await start(`${session}\nSLOW: 500`);
    await answering();
    process.kill(identityIn("child").pid, "SIGKILL");
    expect(await harness.ended(session)).toEqual({
      type: "ended",
      status: "trouble",
      exit: { code: null, signal: "SIGKILL", message: `${NO_FINAL_EVENT} (SIGKILL)` },
    });
  });

  it("goes on when its supervisor is killed", async () => {
    await start(`${session}\nSLOW: 10`);
    await answering();
    const supervisor = identityIn("claim");
    process.kill(supervisor.pid, "SIGKILL");
    await until(async () => ((await isAlive(supervisor)) ? null : true));
    expect(await harness.ended(session)).toMatchObject({ status: "done" });
    expect(items().at(-1)).toMatchObject({ kind: "message", text: expect.stringContaining("echo:") });
  });

  it("goes on when the daemon is killed, and loses nothing", async () => {
    await harness.stop();
    const command = newId("cmd");
    const prompt = `RUN: echo before\n${session}\nSLOW: 15`;
    const wish = JSON.stringify({ prompt, cwd, sandbox: "danger-full-access" });
    for (let kill = 0; kill < 4; kill++) {
      const daemon = launch({
        argv: [process.execPath, DAEMON_PROGRAM, dir, program, wish, `${session}=${command}`],
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = new Promise((resolve) => daemon.on("exit", resolve));
      await new Promise((resolve) => daemon.stdout?.once("data", resolve)); // the job is started, or was before
      await new Promise((resolve) => setTimeout(resolve, 300 * kill));
      daemon.kill("SIGKILL");
      await exited;
    }
    harness = await startJobHarness({ dir, codex: program, env });
    expect(await harness.ended(session)).toMatchObject({ status: "done" });
    expect(harness.events(session).map((event) => (event.type === "item" ? event.id : event.type))).toEqual([
      "status",
      "t1.prompt",
      "turn_started",
      "t1.item_0",
      "t1.item_0",
      "t1.item_1",
      "turn_completed",
      "ended",
    ]);
    expect(model.asked.filter(({ ask }) => ask.userText.includes(session))).toHaveLength(2);
  });
});
