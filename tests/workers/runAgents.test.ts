import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Command, CommandResult } from "../../protocol/commands.ts";
import type { EventBody } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { RunStep } from "../../protocol/runs.ts";
import { call, enrolHost, FACTS, FakeDaemon } from "./support/edge.ts";
import { detail, ended, runToEnd, save, start } from "./support/runs.ts";

const DONE: CommandResult = { status: "done", value: { type: "nothing" } };
const USAGE = {
  input_tokens: 100,
  cached_input_tokens: 40,
  cache_write_input_tokens: 0,
  output_tokens: 7,
  reasoning_output_tokens: 0,
};
const SCHEMA = '{ type: "object", properties: { n: { type: "number" } }, required: ["n"] }';
const EXIT = { code: 0, signal: null, message: null };

let host: { id: string; token: string };
let daemon: FakeDaemon;
let name: string;

beforeEach(async () => {
  host = await enrolHost(`box-${newId("hst").slice(-8)}`);
  ({ daemon } = await FakeDaemon.connect(host.token, `epoch-${host.id}`));
  name = `run-${host.id.slice(-8)}`;
});

/** A run of one script with agents of this host. */
async function run(script: string, over: object = {}): Promise<string> {
  await save(name, script);
  return start(name, { provider: "claude", host: host.id, cwd: "/work", ...over });
}
/** Its only step, when it stands so. */
const step = (id: string, is: (step: RunStep) => boolean) =>
  vi.waitUntil(
    async () => {
      const [only] = (await detail(id)).items;
      return only !== undefined && is(only) && only;
    },
    { timeout: 30_000 },
  ) as Promise<RunStep>;

/** The next command, taken by the host. */
async function take<T extends Command["type"]>(type: T, result: CommandResult = DONE) {
  const told = await daemon.command();
  expect(told.command.type).toBe(type);
  const { id, session } = told;
  await daemon.tell({ kind: "result", id, session, result });
  return told as typeof told & { command: Extract<Command, { type: T }> };
}
const say = (session: string, ...events: EventBody[]) =>
  daemon.tell({ kind: "events", session, events: events.map((event) => ({ at: 1, event })) });
const status = (is: "working" | "waiting" | "idle" | "trouble", reason: string | null = null): EventBody => ({
  type: "status",
  status: is,
  reason,
});
const turn = (n: number): EventBody => ({ type: "turn_started", turn: n, thread: "t" });
const message = (n: number, text: string): EventBody => ({
  type: "item",
  id: `answer-${n}`,
  turn: n,
  item: { kind: "message", text },
});
/** A turn from its beginning to its end. */
const answer = (n: number, text: string): EventBody[] => [
  status("working"),
  turn(n),
  message(n, text),
  { type: "turn_completed", turn: n, usage: USAGE },
  status("idle"),
];
const end = (session: string) => say(session, { type: "ended", status: "done", exit: EXIT });

describe("an agent of a run on a host", () => {
  test("answers by a schema in a second round of one session, and is ended and tidied once it has been heard", async () => {
    const id = await run(
      `return await agent("count", { schema: ${SCHEMA}, isolation: "worktree", model: "sonnet", effort: "max", mode: "acceptEdits" });`,
    );
    const { session, command } = await take("agent_start");
    expect(command).toMatchObject({
      agent: "claude",
      cwd: "/work",
      model: "sonnet",
      effort: "max",
      mode: "acceptEdits",
      prompt: expect.stringMatching(/^count\n.*JSON Schema/s),
    });
    const branch = command.worktree?.branch ?? "";
    expect(branch).toMatch(new RegExp(`^signalbox/${name}-${id.slice(-8)}-1$`));
    const worktree = { path: "/trees/w", branch, base: "abc", repo: "/work" };
    await daemon.tell({ kind: "facts", session, facts: { ...FACTS, worktree } });
    await say(session, ...answer(1, "It is four."));
    const again = await take("agent_prompt");
    expect([again.session, again.command.text]).toEqual([
      session,
      expect.stringMatching(/not what was asked for:\nThere is no JSON object in it/),
    ]);
    await say(session, ...answer(2, '{"n": 4}'));
    const over = await ended(id);
    expect(over.result).toEqual({ n: 4 });
    expect(over.items[0]).toMatchObject({
      attempt: 1,
      tokens: { input: 200, cached: 80, output: 14 },
      worktree: { branch, path: "/trees/w" },
    });
    expect(over.run.spent).toBe(214);
    expect((await take("kill")).command).toMatchObject({ force: true });
    await end(session);
    expect((await take("remove_worktree")).command).toEqual({ type: "remove_worktree" });
    await daemon.tell({ kind: "facts", session, facts: FACTS });
    expect((await step(id, ({ worktree: left }) => left === null)).status).toBe("completed");
  });

  test("is one of Claude's types where Claude is asked; another agent is told it in words, and the log says so", async () => {
    const body = `return await agent("look", { agentType: "code-reviewer" });`;
    const id = await run(body);
    const claude = await take("agent_start");
    expect(claude.command).toMatchObject({ agent_type: "code-reviewer", prompt: "look" });
    await say(claude.session, ...answer(1, "seen"));
    const over = await ended(id);
    expect([over.result, over.notes]).toEqual(["seen", []]);
    await take("kill");
    await end(claude.session);

    const other = await run(body, { provider: "codex" });
    const codex = await take("agent_start");
    expect(codex.command.agent_type).toBe(undefined);
    expect(codex.command.prompt).toBe("You work as: code-reviewer.\n\nlook");
    await say(codex.session, ...answer(1, "seen"));
    expect((await ended(other)).notes).toMatchObject([
      { text: expect.stringMatching(/agentType code-reviewer is Claude's; codex is only told/) },
    ]);
    await take("kill");
    await end(codex.session);

    const odd = await ended(await run(`return await agent("look", { agentType: "--settings=x" });`));
    expect(odd.items[0]?.error).toMatch(/agent_type: it begins with a letter/);
  });

  test("says the branch of its worktree, waits for a person in sight, and may give a huge answer", async () => {
    const id = await run(`return await agent("go", { isolation: "worktree" });`, { provider: "codex" });
    const { session, command } = await take("agent_start");
    expect(command).toMatchObject({ agent: "codex" });
    const worktree = { path: "/trees/w", branch: "b", base: "abc", repo: "/work" };
    await daemon.tell({ kind: "facts", session, facts: { ...FACTS, worktree } });
    await say(session, status("working"), turn(1), status("waiting", "permission prompt"));
    expect((await step(id, ({ waits }) => waits != null)).waits).toBe("Waits for you: permission prompt.");
    const huge = "x".repeat(200_000);
    await say(session, status("working"), message(1, huge), { type: "turn_completed", turn: 1, usage: null });
    await say(session, status("idle"), status("idle")); // it ends twice
    await ended(id);
    expect((await call(`/api/runs/${id}/result`)).status).toBe(200);
    expect(await (await call(`/api/runs/${id}/result`)).json()).toBe(
      `${huge}\n\nAnything that it changed is on the branch b, in /trees/w.`,
    );
    expect((await detail(id)).items[0]?.waits).toBe(null);
  });

  test.each([
    ["the run is cancelled", (id: string) => call(`/api/runs/${id}/cancel`, { body: {} }), "cancelled"],
    [
      "somebody skips it",
      async (id: string) =>
        call(`/api/runs/${id}/steps/${(await detail(id)).items[0]?.key}`, { body: { type: "skip" } }),
      "skipped",
    ],
  ] as const)("is ended on its host when %s, even if its turn ends just then", async (_, stop, how) => {
    const id = await run(`return await agent("go");`);
    const { session } = await take("agent_start");
    await say(session, status("working"), turn(1));
    await step(id, (it) => it.status === "running");
    expect((await stop(id)).status).toBe(204);
    const kill = await daemon.command();
    expect(kill.command).toEqual({ type: "kill", force: true });
    // Before it is carried out.
    await say(session, message(1, "late"), { type: "turn_completed", turn: 1, usage: USAGE }, status("idle"));
    await daemon.tell({ kind: "result", id: kill.id, session, result: DONE });
    await end(session);
    expect((await step(id, (it) => it.status !== "running")).status).toBe(how);
    // The host is not asked twice: what comes next is of another session.
    const other = await run(`return await agent("go on");`);
    expect((await take("agent_start")).session).not.toBe(session);
    await call(`/api/runs/${other}/cancel`, { body: {} });
  });

  test("is ended at its timeout, when it never answers", async () => {
    const id = await run(`return await agent("go", { timeout: "1s", retries: 0 });`);
    const { session } = await take("agent_start");
    await say(session, status("working"), turn(1));
    expect((await take("kill")).session).toBe(session);
    expect((await ended(id)).items[0]).toMatchObject({ status: "timed_out" });
  });

  test("waits for a host that is away, says so, and is taken back at its timeout", async () => {
    daemon.socket.close();
    const presence = async () =>
      (await (await call(`/api/hosts/${host.id}`)).json<{ presence: string }>()).presence;
    await vi.waitUntil(async () => (await presence()) !== "online", { timeout: 30_000 });
    const id = await run(`return await agent("go", { timeout: "4s" });`);
    const waiting = await step(id, ({ waits }) => waits != null);
    expect(waiting.waits).toMatch(/^Waits for the host box-.*, which is offline\.$/);
    expect((await ended(id)).items[0]).toMatchObject({ status: "timed_out", attempt: 1 });
    ({ daemon } = await FakeDaemon.connect(host.token, `epoch-${host.id}`));
    const other = await run(`return await agent("another");`);
    expect((await take("agent_start")).command.prompt).toBe("another");
    await call(`/api/runs/${other}/cancel`, { body: {} });
  });

  test("whose host is removed fails, in words", async () => {
    const id = await run(`return await agent("go");`);
    const { session } = await take("agent_start");
    await say(session, status("working"), turn(1));
    expect((await call(`/api/hosts/${host.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await ended(id)).items[0]).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/no host/i),
    });
  });

  test.each([
    ["no_such_directory", "/work is not a directory on this host."],
    ["not_a_repository", "/work is not in a git repository."],
    ["not_started", "The agent did not start: claude was not found."],
  ])("that its host refuses (%s) is not tried again", async (code, words) => {
    const id = await run(`return await agent("go");`);
    await take("agent_start", { status: "failed", code, message: words });
    expect((await ended(id)).items[0]).toMatchObject({ status: "failed", attempt: 1, error: words });
  });

  test("that dies before it takes a word, or is not signed in, is tried again and then has failed", async () => {
    const id = await run(`return await agent("go", { retries: 1, isolation: "worktree" });`);
    const first = await take("agent_start");
    await say(first.session, status("trouble", "the agent ended (code 1): not today"));
    const second = await take("agent_start");
    expect((await take("kill")).session).toBe(first.session);
    expect([second.session === first.session, second.command.worktree?.branch]).toEqual([
      false,
      `${first.command.worktree?.branch}-2`,
    ]);
    const why = "Invalid API key · Please run /login";
    await say(
      second.session,
      status("working"),
      turn(1),
      { type: "turn_failed", turn: 1, message: why, usage: USAGE },
      status("idle"),
    );
    expect((await ended(id)).items[0]).toMatchObject({
      status: "failed",
      attempt: 2,
      error: why,
      tokens: { input: 100, output: 7 },
    });
  });

  test("whose turn a person interrupts has failed, with what it cost, and is not tried again", async () => {
    const id = await run(`return await agent("go");`);
    const { session } = await take("agent_start");
    await say(
      session,
      ...answer(1, "half of it").map((event) =>
        event.type === "turn_completed" ? { ...event, interrupted: true } : event,
      ),
    );
    expect((await ended(id)).items[0]).toMatchObject({
      status: "failed",
      attempt: 1,
      error: "It was interrupted.",
      tokens: { input: 100 },
    });
  });

  test("is no more than the budget allows", async () => {
    const id = await run(
      `const first = await agent("one"); try { await agent("two"); } catch (error) { return [first, error.message]; }`,
      { budget: 100 },
    );
    const { session } = await take("agent_start");
    await say(session, ...answer(1, "done"));
    expect((await ended(id)).result).toEqual(["done", "The budget of this run is spent."]);
  });
});

test("a run that lacks a place for its worktrees is refused before anything of it runs", async () => {
  await save(name, `await agent("first"); return agent("go", { isolation: "worktree" });`);
  const refused = await call(`/api/workflows/${name}/runs`, { body: { host: host.id, cwd: "/work" } });
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { error: { code: "invalid", message: expect.stringMatching(/^Line 2: .*provider/) } },
  ]);
  await save("outer", `return await workflow("${name}");`);
  const { run: outer, items } = await runToEnd("outer");
  expect(outer).toMatchObject({ status: "failed", error: expect.stringMatching(/Line 2: .*provider/) });
  expect(items).toHaveLength(1);
});

test("an agent with a host that is not there, or by a name that is none, is refused in words", async () => {
  const id = await run(`return await agent("go", { host: "nowhere", retries: 0 });`);
  expect((await ended(id)).items[0]).toMatchObject({ status: "failed", error: "There is no host nowhere." });
});
