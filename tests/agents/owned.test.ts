import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../agent-daemon/agents/codex/testing/jobHarness.ts";
import {
  type OwnedHarness,
  startOwnedHarness,
} from "../../agent-daemon/agents/owned/testing/ownedHarness.ts";
import { tempDir } from "../../agent-daemon/testing/tempDir.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

const applied = { status: "done", value: { type: "decided", end: "applied" } };
const QUESTIONS = [
  {
    question: "Which colour?",
    header: "Colour",
    multiSelect: false,
    options: [
      { label: "red", description: "warm" },
      { label: "blue", description: "cold" },
    ],
  },
];

describe.skipIf("missing" in claude)("the real Claude Code without a terminal", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let dir: string;
  let cwd: string;
  let env: NodeJS.ProcessEnv;
  let host: OwnedHarness;
  let started: string[];

  beforeAll(async () => {
    model = await startFakeModel();
  });
  afterAll(() => model.stop());
  beforeEach(async () => {
    dir = tempDir();
    cwd = join(dir, "work");
    mkdirSync(cwd);
    env = { ...process.env, ...makeClaudeHome(dir, cwd, model.url, version) };
    started = [];
    host = await wake();
  });
  afterEach(async () => {
    for (const session of started) await host.run(session, { type: "kill" });
    await host.stop();
  });

  const wake = () => startOwnedHarness({ dir, agents: { claude: program }, env });
  async function start(prompt?: string, over: { model?: string; resume?: string; fork?: boolean } = {}) {
    const { session, result } = await host.start({
      agent: "claude",
      cwd,
      ...(prompt === undefined ? {} : { prompt }),
      ...over,
    });
    expect(result).toMatchObject({ status: "done", value: { type: "job" } });
    started.push(session);
    return session;
  }
  const touch = (name: string) => `CALL: Bash ${JSON.stringify({ command: `touch ${join(cwd, name)}` })}`;
  const made = (name: string) => existsSync(join(cwd, name));

  it("talks: what it is told, thinks and says, its tokens, and that it is idle then", async () => {
    const session = await start("THINK: hm\nSAY: hello there");
    await host.answered(session, "hello there");
    const [end] = await host.turns(session, 1);
    expect(host.items(session)).toMatchObject([
      { kind: "user_message", text: "THINK: hm\nSAY: hello there" },
      { kind: "reasoning", text: "hm" },
      { kind: "message", text: "hello there" },
    ]);
    expect(end).toMatchObject({
      type: "turn_completed",
      turn: 1,
      usage: { output_tokens: expect.any(Number) },
    });
    expect(host.status(session)).toBe("idle");
    expect(await host.say(session, "SAY: again")).toMatchObject({ status: "done" });
    await host.answered(session, "again");
    expect((await host.turns(session, 2)).at(-1)).toMatchObject({ turn: 2 });
  });

  it("asks; allowed, changed, or denied with a reason that it answers to", async () => {
    const session = await start(touch("a"));
    const first = await host.request(session);
    expect(first).toMatchObject({
      requester: "claude",
      tool: "Bash",
      offers: ["edit", "message", "interrupt"],
    });
    expect(host.status(session)).toBe("waiting");
    expect(await host.decide(session, first.id)).toEqual(applied);
    await host.turns(session, 1);
    expect(made("a")).toBe(true);
    // A late second word changes nothing.
    expect(await host.decide(session, first.id, { allow: false })).toEqual(applied);

    await host.say(session, touch("b"));
    const second = await host.request(session, 1);
    const input = { command: `touch ${join(cwd, "c")}` };
    expect(await host.decide(session, second.id, { input })).toEqual(applied);
    await host.turns(session, 2);
    expect([made("b"), made("c")]).toEqual([false, true]);

    await host.say(session, touch("d"));
    const third = await host.request(session, 2);
    expect(await host.decide(session, third.id, { allow: false, message: "the phone said no" })).toEqual(
      applied,
    );
    await host.answered(session, "the phone said no");
    expect(made("d")).toBe(false);
    expect(host.ends(session)).toEqual([]);
  });

  it("asks questions, and takes the answer", async () => {
    const session = await start(`CALL: AskUserQuestion ${JSON.stringify({ questions: QUESTIONS })}`);
    const asked = await host.request(session);
    expect(asked.questions).toMatchObject([
      { question: "Which colour?", options: [{ label: "red" }, { label: "blue" }] },
    ]);
    expect(await host.decide(session, asked.id, { input: { answers: { "Which colour?": "blue" } } })).toEqual(
      applied,
    );
    await host.answered(session, "blue");
  });

  it("is interrupted, while it speaks and while it waits", async () => {
    const session = await start("SLOW: 100\nlong");
    await until(() => (host.events(session).some(({ type }) => type === "turn_started") ? true : null));
    await until(async () =>
      (await host.run(session, { type: "interrupt" })).status === "done" ? true : null,
    );
    await host.turns(session, 1);
    await host.say(session, touch("a"));
    const asked = await host.request(session);
    expect(await host.run(session, { type: "interrupt" })).toMatchObject({ status: "done" });
    await until(() => host.ends(session).find(({ request }) => request === asked.id) ?? null);
    expect(host.ends(session)).toMatchObject([{ request: asked.id, end: "gone" }]);
    await host.turns(session, 2);
    expect(await host.run(session, { type: "interrupt" })).toMatchObject({ code: "not_running" });
    expect(host.status(session)).toBe("idle");
  });

  it("hears what is said while it works, within its turn", async () => {
    const session = await start('CALL: Bash {"command":"sleep 1; true"}');
    await until(() => host.items(session).find(({ kind }) => kind === "command") ?? null);
    await host.say(session, "SAY: I heard it");
    await host.turns(session, 1);
    expect(JSON.stringify(model.asked.at(-1)?.body)).toContain("I heard it");
    expect(host.items(session)).toContainEqual({
      kind: "user_message",
      text: "SAY: I heard it",
      steered: true,
    });
  });

  it("goes on with its conversation after it was ended, also as a copy in another session", async () => {
    const session = await start("SAY: one");
    await host.turns(session, 1);
    expect(await host.run(session, { type: "kill" })).toMatchObject({ status: "done" });
    await until(() => (host.status(session) === "done" ? true : null));
    await host.say(session, "SAY: two");
    await host.answered(session, "two");
    await host.turns(session, 2);
    const threads = host
      .events(session)
      .flatMap((each) => (each.type === "turn_started" ? [each.thread] : []));
    const thread = threads.at(-1) ?? "";
    expect(thread).not.toBe("");
    const before = model.asked.length;
    const copy = await start("SAY: three", { resume: thread, fork: true });
    await host.answered(copy, "three");
    expect(JSON.stringify(model.asked.slice(before))).toContain("SAY: one");
  });

  it("changes its model", async () => {
    const session = await start("SAY: one", { model: "claude-opus-5-5" });
    await host.turns(session, 1);
    expect(await host.run(session, { type: "set_model", model: "claude-sonnet-4-6" })).toMatchObject({
      status: "done",
    });
    await host.say(session, "SAY: two");
    await host.turns(session, 2);
    expect(model.asked.at(-1)).toMatchObject({ body: { model: "claude-sonnet-4-6" } });
  });

  it("still waits when the daemon was away, is asked once, and hears the answer once", async () => {
    const session = await start(`CALL: Bash ${JSON.stringify({ command: `echo x >> ${join(cwd, "a")}` })}`);
    const asked = await host.request(session);
    await host.stop();
    host = await wake();
    const [one, two] = await Promise.all([
      host.decide(session, asked.id, {}, "cmd_1"),
      host.decide(session, asked.id, {}, "cmd_2"),
    ]);
    expect([one, two]).toEqual([applied, applied]);
    await host.turns(session, 1);
    expect(readFileSync(join(cwd, "a"), "utf8")).toBe("x\n");
    expect(host.requests(session)).toHaveLength(1);
  });

  it("ends when its record is long and nothing runs, and goes on with the next message", async () => {
    await host.stop();
    host = await startOwnedHarness({ dir, agents: { claude: program }, env, longRecord: 1_000 });
    const session = await start("SAY: one");
    await host.turns(session, 1);
    await host.say(session, "SAY: two");
    await host.turns(session, 2);
    const runs = join(dir, "state/owned", session);
    await until(() => (readdirSync(runs).length === 0 ? true : null));
    await host.say(session, "SAY: three");
    await host.turns(session, 3);
    expect(host.status(session)).toBe("idle");
    expect(JSON.stringify(model.asked.at(-1)?.body)).toContain("SAY: one");
  });

  it("says plainly that it cannot be started", async () => {
    await host.stop();
    host = await startOwnedHarness({ dir, agents: { claude: "/no/such/program" }, env });
    const { result } = await host.start({ agent: "claude", cwd, prompt: "hello" });
    expect(result).toMatchObject({ status: "failed", code: "not_started", message: /was not found/ });
  });
});
