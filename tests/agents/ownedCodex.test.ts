import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../agent-daemon/agents/codex/testing/jobHarness.ts";
import {
  type OwnedHarness,
  startOwnedHarness,
} from "../../agent-daemon/agents/owned/testing/ownedHarness.ts";
import { tempDir } from "../../agent-daemon/testing/tempDir.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeCodexHome } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";

const codex = await findAgent("codex");
if ("missing" in codex) console.warn(`Skipped: ${codex.missing}`);

const applied = { status: "done", value: { type: "decided", end: "applied" } };

describe.skipIf("missing" in codex)("the real Codex without a terminal", () => {
  const program = "path" in codex ? codex.path : "";
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
    env = makeCodexHome(dir, model.url, cwd);
    started = [];
    host = await wake();
  });
  afterEach(async () => {
    for (const session of started) await host.run(session, { type: "kill" });
    await host.stop();
  });

  const wake = () => startOwnedHarness({ dir, agents: { codex: program }, env });
  async function start(prompt?: string, over: { mode?: string; resume?: string; fork?: boolean } = {}) {
    const said = prompt === undefined ? {} : { prompt };
    const { session, result } = await host.start({
      agent: "codex",
      cwd,
      mode: "untrusted",
      ...said,
      ...over,
    });
    expect(result).toMatchObject({ status: "done", value: { type: "job" } });
    started.push(session);
    return session;
  }
  const touch = (name: string) => `RUN: touch ${join(cwd, name)}`;
  const made = (name: string) => existsSync(join(cwd, name));
  const threads = (session: string) =>
    host.events(session).flatMap((each) => (each.type === "turn_started" ? [each.thread] : []));

  it("talks: what it is told and says, its tokens, and that it is idle then", async () => {
    const session = await start("SAY: hello there");
    await host.answered(session, "hello there");
    const [end] = await host.turns(session, 1);
    expect(host.items(session)).toMatchObject([
      { kind: "user_message", text: "SAY: hello there" },
      { kind: "message", text: "hello there" },
    ]);
    expect(end).toMatchObject({
      type: "turn_completed",
      turn: 1,
      usage: { input_tokens: expect.any(Number) },
    });
    expect(host.events(session).filter(({ type }) => type === "turn_started")).toHaveLength(1);
    await until(() => (host.status(session) === "idle" ? true : null));
    await host.say(session, "SAY: again");
    await host.answered(session, "again");
    expect((await host.turns(session, 2)).at(-1)).toMatchObject({ turn: 2 });
  });

  it("asks: a command is allowed, another denied with words that it hears, a changed file allowed", async () => {
    const session = await start(touch("a"));
    const first = await host.request(session);
    expect(first).toMatchObject({ requester: "codex", tool: "shell", offers: ["message"] });
    expect(await host.decide(session, first.id)).toEqual(applied);
    await host.turns(session, 1);
    expect(made("a")).toBe(true);

    await host.say(session, touch("b"));
    const second = await host.request(session, 1);
    expect(
      await host.decide(session, second.id, { allow: false, message: "SAY: the phone said no" }),
    ).toEqual(applied);
    await until(() => (JSON.stringify(model.asked.at(-1)?.body).includes("the phone said no") ? true : null));
    await host.turns(session, 2);
    expect(made("b")).toBe(false);

    await host.say(session, "WRITE: c.txt :: words");
    const third = await host.request(session, 2);
    expect(third).toMatchObject({ tool: "apply_patch", scope: "write" });
    expect(third.input).toContain("words");
    expect(await host.decide(session, third.id)).toEqual(applied);
    await host.turns(session, 3);
    expect(readFileSync(join(cwd, "c.txt"), "utf8")).toContain("words");
    expect(host.ends(session)).toEqual([]);
  });

  it("is interrupted while it waits; what it asked is withdrawn", async () => {
    const session = await start(touch("a"));
    const asked = await host.request(session);
    expect(host.status(session)).toBe("waiting");
    expect(await host.run(session, { type: "interrupt" })).toMatchObject({ status: "done" });
    await until(() => host.ends(session).find(({ request }) => request === asked.id) ?? null);
    expect(host.ends(session)).toMatchObject([{ end: "gone" }]);
    await host.turns(session, 1);
    await until(() => (host.status(session) === "idle" ? true : null));
    expect(await host.run(session, { type: "interrupt" })).toMatchObject({ code: "not_running" });
  });

  it("hears what is said while it works, within its turn", async () => {
    const session = await start("RUN: sleep 1; true");
    const asked = await host.request(session);
    await host.say(session, "SAY: I heard it");
    await host.decide(session, asked.id);
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
    await host.run(session, { type: "kill" });
    await until(() => (host.status(session) === "done" ? true : null));
    await host.say(session, "SAY: two");
    await host.answered(session, "two");
    await host.turns(session, 2);
    expect(new Set(threads(session)).size).toBe(1);
    expect(JSON.stringify(model.asked.at(-1)?.body)).toContain("SAY: one");
    const copy = await start("SAY: three", { resume: threads(session)[0] ?? "", fork: true });
    await host.answered(copy, "three");
    expect(JSON.stringify(model.asked.at(-1)?.body)).toContain("SAY: one");
    await host.turns(copy, 1);
    expect(threads(copy)[0]).not.toBe(threads(session)[0]);
  });

  it("changes its model and its mode from the next turn on", async () => {
    const session = await start("SAY: one");
    await host.turns(session, 1);
    await host.run(session, { type: "set_model", model: "gpt-6-sol" });
    await host.run(session, { type: "set_mode", mode: "danger-full-access" });
    await host.say(session, touch("a"));
    await host.turns(session, 2);
    expect([made("a"), model.asked.at(-1)?.ask.model]).toEqual([true, "gpt-6-sol"]);
    expect(host.requests(session)).toEqual([]);
  });

  it("still waits when the daemon was away, is asked once, and hears the answer once", async () => {
    const session = await start(`RUN: echo x >> ${join(cwd, "a")}`);
    const asked = await host.request(session);
    await host.stop();
    host = await wake();
    expect(await host.decide(session, asked.id)).toEqual(applied);
    await host.turns(session, 1);
    expect(readFileSync(join(cwd, "a"), "utf8")).toBe("x\n");
    expect(host.requests(session)).toHaveLength(1);
  });

  it("says plainly that there is no such conversation", async () => {
    const session = await start("SAY: one", { resume: "01a1f745-021e-7d32-9a60-20a0d8bc6145" });
    await until(() => (host.status(session) === "trouble" ? true : null));
    const said = host.events(session).flatMap((each) => (each.type === "notice" ? [each.message] : []));
    expect(said).toEqual([
      expect.stringMatching(/Codex did not do it: no rollout found/),
      expect.stringMatching(/This was not said.*SAY: one/),
    ]);
  });
});
