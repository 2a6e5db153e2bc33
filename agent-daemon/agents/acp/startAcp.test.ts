import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tempDir } from "../../testing/tempDir.ts";
import { until } from "../codex/testing/jobHarness.ts";
import { type OwnedHarness, startOwnedHarness } from "../owned/testing/ownedHarness.ts";

const PROGRAM = join(import.meta.dirname, "testing/standInAgent.ts");
const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });

describe("an agent that speaks ACP, in a process of its own", () => {
  let dir: string;
  let host: OwnedHarness;
  let started: string[];

  beforeEach(async () => {
    dir = tempDir();
    started = [];
    host = await wake();
  });
  afterEach(async () => {
    for (const session of started) await host.run(session, { type: "kill" });
    await host.stop();
  });

  const logOf = (name: string) => join(dir, `${name}.log`);
  const wake = () => {
    const acp = Object.fromEntries(
      ["one", "two"].map((name) => [
        name,
        [process.execPath, PROGRAM, logOf(name)] as [string, string, string],
      ]),
    );
    return startOwnedHarness({ dir, agents: { acp: { ...acp, missing: ["/no/such/program"] } } });
  };
  /** What the agent was given. */
  const given = (name = "one"): { id?: unknown; method?: string; result?: unknown }[] =>
    existsSync(logOf(name))
      ? readFileSync(logOf(name), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
  const answers = (name = "one") => given(name).filter(({ method }) => method === undefined);
  async function start(prompt: string, program = "one") {
    const { session, result } = await host.start({ agent: "acp", program, cwd: dir, prompt });
    expect(result).toMatchObject({ status: "done", value: { type: "job" } });
    started.push(session);
    return session;
  }

  it("talks, asks, and takes the answers once", async () => {
    const session = await start("hello");
    await host.answered(session, "echo: hello");
    await host.say(session, "ASK ls");
    const asked = await host.request(session);
    expect(asked).toMatchObject({ requester: "acp", tool: "shell", summary: "shell ls" });
    expect(host.status(session)).toBe("waiting");
    expect(await host.decide(session, asked.id)).toEqual(ended("applied"));
    await host.answered(session, `answered {"outcome":{"outcome":"selected","optionId":"yes"}}`);
    expect(await host.decide(session, asked.id, { allow: false })).toEqual(ended("applied"));
    await host.say(session, "ASK rm");
    expect(await host.decide(session, (await host.request(session, 1)).id, { allow: false })).toEqual(
      ended("applied"),
    );
    await host.answered(session, `"optionId":"no"`);
    await host.turns(session, 3);
    expect(answers().length).toBe(2);
    expect(await until(() => (host.status(session) === "idle" ? "idle" : null))).toBe("idle");
  });

  it("asks still when the daemon was away, and hears once what was decided while it ended", async () => {
    const session = await start("ASK ls");
    const asked = await host.request(session);
    await host.stop();
    host = await wake();
    // This daemon ends as well, with the decision on its way.
    const deciding = host.decide(session, asked.id);
    await host.stop();
    await deciding;
    host = await wake();
    await host.answered(session, `"optionId":"yes"`);
    expect(await host.decide(session, asked.id)).toEqual(ended("applied"));
    expect(host.requests(session).length).toBe(1);
    expect(answers().length).toBe(1);
  });

  it("is interrupted while it asks: nobody waits any more", async () => {
    const session = await start("ASK ls");
    const asked = await host.request(session);
    expect(await host.run(session, { type: "interrupt" })).toMatchObject({ status: "done" });
    await host.turns(session, 1);
    expect(await host.decide(session, asked.id)).toEqual(ended("gone"));
    expect(answers()).toMatchObject([{ result: { outcome: { outcome: "cancelled" } } }]);
  });

  it("asks twice for the same in one breath: one card, one answer", async () => {
    const session = await start("TWICE ls");
    await host.decide(session, (await host.request(session)).id);
    await host.turns(session, 1);
    expect(host.requests(session).length).toBe(1);
    expect(answers().length).toBe(1);
  });

  it("may ask for something long; for what is longer than any line it is refused at once", async () => {
    const session = await start("HUGE 200000");
    const asked = await host.request(session);
    expect(asked.input).toContain("cut");
    expect(await host.decide(session, asked.id)).toEqual(ended("applied"));
    await host.turns(session, 1);
    await host.say(session, "HUGE 9000000");
    await host.answered(session, `answered "an error"`);
    await host.turns(session, 2);
    expect(host.requests(session).length).toBe(1);
  });

  it("may print anything, and ask for what is not offered", async () => {
    const session = await start("NOISE");
    await host.answered(session, "-32601");
    await host.say(session, "LATE");
    await host.say(session, "hello");
    await host.answered(session, "echo: hello");
    await host.turns(session, 3);
    expect(host.events(session).filter(({ type }) => type === "turn_completed").length).toBe(3);
  });

  it("dies while it asks; what is said next begins it anew, with the same conversation", async () => {
    const session = await start("DIE");
    const asked = await host.request(session);
    await host.turns(session, 1);
    expect(await host.decide(session, asked.id)).toEqual(ended("gone"));
    await until(() => (host.status(session) === "trouble" ? true : null));
    await host.say(session, "hello");
    await host.answered(session, "echo: hello");
    expect(given().filter(({ method }) => method === "session/load").length).toBe(1);
    expect(JSON.stringify(host.items(session))).not.toContain("what was said before");
  });

  it("is one of two with the same names for everything: each answer goes where it was asked", async () => {
    const [first, second] = [await start("ASK ls"), await start("ASK ls", "two")];
    const [a, b] = [await host.request(first), await host.request(second)];
    expect(a.id).not.toBe(b.id);
    await host.decide(first, a.id);
    await host.decide(second, b.id, { allow: false });
    await host.answered(first, `"optionId":"yes"`);
    await host.answered(second, `"optionId":"no"`);
  });

  it("must be in the configuration, and on the machine", async () => {
    const unknown = await host.start({ agent: "acp", program: "three", cwd: dir });
    expect(unknown.result).toMatchObject({
      status: "failed",
      message: expect.stringContaining("agents.acp"),
    });
    const missing = await host.start({ agent: "acp", program: "missing", cwd: dir });
    expect(missing.result).toMatchObject({ status: "failed", message: expect.stringContaining("not found") });
  });
});
