import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { beforeEach, describe, test, vi } from "vitest";
import type { Approval } from "../../protocol/approvals.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { JobEnd, type JobSpec, MAX_JOB_TEXT } from "../../protocol/jobs.ts";
import type { Session } from "../../protocol/session.ts";
import { tasks } from "../../worker/db/schema.ts";
import { cancelJob, startJob } from "../../worker/jobs/startJob.ts";
import { readTask } from "../../worker/tasks/taskStore.ts";
import { carryOut, decide, output } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon } from "./support/edge.ts";
import { query, runAlarms, without } from "./support/faults.ts";

const stubOf = (session: string) => env.SESSION.getByName(`main/${session}`);

/** A task whose session is to be started by the test itself. */
async function aTask(spec: JobSpec) {
  const id = newId("tsk");
  const session = newId("ses");
  const row = { id, team: "main", title: "a job", spec: JSON.stringify(spec), by: "owner", session } as const;
  const host = spec.host ?? null;
  await drizzle(env.DB)
    .insert(tasks)
    .values({ ...row, host, status: "running", tries: 1, most_tries: 1, created_at: Date.now() });
  const owner = { kind: "task", id } as const;
  const start = () => startJob(env, { team: "main", session, owner, title: "a job", spec, by: "owner" });
  const stands = async () => {
    const task = await readTask(env, "main", id);
    if (task === null) throw new Error("the task is gone");
    return task;
  };
  const over = () =>
    vi.waitUntil(async () => ((await stands()).ended_at === null ? null : await stands()), {
      timeout: 30_000,
    });
  const read = async () => await (await call(`/api/sessions/${session}`)).json<Session>();
  const events = async () =>
    (
      await (
        await call(`/api/sessions/${session}/events?after=0&limit=1000`)
      ).json<{ items: SessionEvent[] }>()
    ).items;
  return {
    id,
    session,
    start,
    stands,
    over,
    read,
    events,
    cancel: () => cancelJob(env, "main", session, "somebody"),
  };
}

const chat = (prompt: string): JobSpec => ({ provider: "edge", prompt, model: "offline/builtin" });

describe("a chat that something else started", () => {
  test("is asked once, ends by itself, and its owner has the last words and the tokens", async ({
    expect,
  }) => {
    const job = await aTask(chat("say first\nthen say the answer"));
    await Promise.all([job.start(), job.start()]);
    await job.start();
    const over = await job.over();
    expect(over).toMatchObject({ status: "completed", error: null, blob: null });
    expect(over.result).toContain("the answer");
    expect(over.input_tokens).toBeGreaterThan(0);
    expect(over.output_tokens).toBeGreaterThan(0);
    await job.start(); // late
    const events = await job.events();
    expect(events.filter(({ type }) => type === "turn_started")).toHaveLength(1);
    expect(events.filter(({ type }) => type === "ended")).toHaveLength(1);
    expect(await job.read()).toMatchObject({ status: "done", job: { kind: "task", id: job.id } });
  });

  test("that fails tells why, and needs no person's attention for it", async ({ expect }) => {
    const job = await aTask(chat("fail 400 9"));
    await job.start();
    const over = await job.over();
    expect(over.status).toBe("failed");
    expect(over.error).not.toBeNull();
    expect((await job.read()).status).toBe("trouble");
    const listed = await (await call("/api/sessions?attention=true")).json<{ items: Session[] }>();
    expect(listed.items.filter(({ id }) => id === job.session)).toEqual([]);
  });

  test("is told until its owner has taken it, whatever is away or evicted meanwhile", async ({ expect }) => {
    const job = await aTask(chat("say so"));
    const stub = stubOf(job.session);
    await job.start();
    await without(stub, ["DB"], async () => {
      await vi.waitUntil(async () => (await query(stub, "SELECT notice FROM job"))[0]?.notice !== null, {
        timeout: 30_000,
      });
      await runAlarms(stub);
    });
    await evictDurableObject(stub);
    await runAlarms(stub);
    expect((await job.over()).status).toBe("completed");
    await runAlarms(stub);
    expect(await query(stub, "SELECT told FROM job")).toEqual([{ told: 1 }]);
  });

  test("evicted in the middle of its turn it still ends, once", async ({ expect }) => {
    const job = await aTask(chat("slow 5"));
    await job.start();
    for (let i = 0; i < 3; i++) {
      await evictDurableObject(stubOf(job.session)).catch(() => undefined);
      await job.read();
    }
    expect((await job.over()).status).toBe("completed");
    expect((await job.events()).filter(({ type }) => type === "ended")).toHaveLength(1);
  });

  test("waits for a person's approval like any other, and its owner with it", async ({ expect }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const job = await aTask({ ...chat("run echo hi"), host, cwd: "/work" } as JobSpec);
    await job.start();
    const approval = await vi.waitUntil(
      async () =>
        (
          await (
            await call(`/api/approvals?status=pending&session=${job.session}`)
          ).json<{ items: Approval[] }>()
        ).items[0],
      { timeout: 30_000 },
    );
    expect((await job.stands()).status).toBe("running");
    expect((await job.read()).status).toBe("waiting");
    await decide(approval, { decision: "allow" });
    await carryOut(daemon, job.session, output("hi"));
    expect(await job.over()).toMatchObject({ status: "completed" });
  });

  test("is stopped by its owner: while it runs, before it begins, before it is made", async ({ expect }) => {
    const running = await aTask(chat("slow 1000"));
    await running.start();
    expect(await running.cancel()).toBe(false);
    expect(await running.over()).toMatchObject({ status: "cancelled" });

    const never = await aTask(chat("say so"));
    expect(await never.cancel()).toBe(true);
    expect(await never.start()).toMatchObject({ refused: "not_found" });
    expect((await call(`/api/sessions/${never.session}`)).status).toBe(404);

    const at = await aTask(chat("slow 1000"));
    const [, told] = await Promise.all([at.start(), at.cancel()]);
    if (!told) expect(await at.over()).toMatchObject({ status: "cancelled" });
  });

  test("deleted by a person it ends as cancelled, and what it has told stays", async ({ expect }) => {
    const job = await aTask(chat("slow 1000"));
    await job.start();
    expect((await call(`/api/sessions/${job.session}`, { method: "DELETE" })).status).toBe(204);
    expect(await job.over()).toMatchObject({ status: "cancelled" });

    const done = await aTask(chat("say so"));
    await done.start();
    await done.over();
    await call(`/api/sessions/${done.session}`, { method: "DELETE" });
    await runAlarms(stubOf(done.session));
    expect(await done.stands()).toMatchObject({ status: "completed" });
  });

  test("deleted while its owner is away it is told all the same", async ({ expect }) => {
    const job = await aTask(chat("slow 1000"));
    const stub = stubOf(job.session);
    await job.start();
    await without(stub, ["DB"], async () => {
      await call(`/api/sessions/${job.session}`, { method: "DELETE" });
    });
    await evictDurableObject(stub);
    await runAlarms(stub);
    expect(await job.over()).toMatchObject({ status: "cancelled" });
  });

  test("a person may go on with it afterwards; its owner hears of nothing more", async ({ expect }) => {
    const job = await aTask(chat("say so"));
    await job.start();
    const { version } = await job.over();
    await call(`/api/sessions/${job.session}/messages`, { body: { text: "say more" } });
    await vi.waitUntil(
      async () => (await job.events()).filter(({ type }) => type === "turn_completed").length === 2,
      { timeout: 30_000 },
    );
    await runAlarms(stubOf(job.session));
    expect((await job.stands()).version).toBe(version);
  });

  test("a long answer goes to R2 and is told by its beginning", async ({ expect }) => {
    const job = await aTask(chat("long 20000"));
    await job.start();
    const { result, blob } = await job.over();
    expect(result).toHaveLength(MAX_JOB_TEXT);
    const whole = await (await env.BLOBS.get(blob ?? ""))?.text();
    expect(whole?.startsWith(result ?? "-")).toBe(true);
    expect(whole?.length).toBeGreaterThan(MAX_JOB_TEXT);
  });

  test("is asked again by its owner, and told again", async ({ expect }) => {
    const job = await aTask(chat("say one"));
    const stub = stubOf(job.session);
    await job.start();
    await job.over();
    const message = { id: newId("msg"), text: "say two" };
    const notice = async () =>
      JSON.parse(String((await query(stub, "SELECT notice FROM job"))[0]?.notice ?? "null"));
    for (let i = 0; i < 2; i++) await stub.askJobAgain(2, message, "owner");
    const told = await vi.waitUntil(notice, { timeout: 30_000 });
    await stub.askJobAgain(2, message, "owner");
    expect(told).toMatchObject({ round: 2 });
    expect(JobEnd.parse(told.end)).toMatchObject({ outcome: "completed" });
    expect(told.end.text).toContain("two");
    expect(told.end.text).not.toContain("one");
    expect((await job.events()).filter(({ type }) => type === "turn_started")).toHaveLength(2);
  });
});

describe("a Codex job that something else started", () => {
  let host: { id: string; token: string };
  let daemon: FakeDaemon;
  beforeEach(async () => {
    host = await enrolHost("box");
    ({ daemon } = await FakeDaemon.connect(host.token, `epoch-${host.id}`));
  });
  const codex = (): JobSpec => ({
    provider: "codex",
    host: host.id,
    cwd: "/work",
    prompt: "do it",
    sandbox: "read-only",
  });
  const usage = {
    input_tokens: 10,
    cached_input_tokens: 4,
    cache_write_input_tokens: 0,
    output_tokens: 3,
    reasoning_output_tokens: 0,
  };
  const at = 1;
  const exit = { code: 0, signal: null, message: null };

  test("ends with its process: what it said last, and its tokens", async ({ expect }) => {
    const job = await aTask(codex());
    await job.start();
    const command = await daemon.command();
    expect(command.command).toMatchObject({ type: "codex_start", prompt: "do it" });
    const say = (id: string, text: string) =>
      ({ at, event: { type: "item", id, turn: 1, item: { kind: "message", text } } }) as const;
    const search = { kind: "web_search", query: "q" } as const;
    await daemon.tell(
      {
        kind: "result",
        id: command.id,
        session: job.session,
        result: { status: "done", value: { type: "job", pid: 1, worktree: null } },
      },
      {
        kind: "events",
        session: job.session,
        events: [
          { at, event: { type: "status", status: "working", reason: null } },
          { at, event: { type: "turn_started", turn: 1, thread: "t" } },
          say("a", "I begin."),
          { at, event: { type: "item", id: "s", turn: 1, item: search } },
          say("b", "It is done."),
          { at, event: { type: "turn_completed", turn: 1, usage } },
        ],
      },
    );
    expect((await job.stands()).status).toBe("running");
    await daemon.tell({
      kind: "events",
      session: job.session,
      events: [{ at, event: { type: "ended", status: "done", exit } }],
    });
    expect(await job.over()).toMatchObject({
      status: "completed",
      result: "It is done.",
      input_tokens: 10,
      cached_tokens: 4,
      output_tokens: 3,
    });
  });

  test("that cannot be started has failed, with the host's words", async ({ expect }) => {
    const job = await aTask(codex());
    await job.start();
    const command = await daemon.command();
    const result = { status: "failed", code: "no_such_directory", message: "/work is not there." } as const;
    await daemon.tell({ kind: "result", id: command.id, session: job.session, result });
    expect(await job.over()).toMatchObject({ status: "failed", error: "/work is not there." });
  });

  test("is stopped on its host, or never gets there", async ({ expect }) => {
    const job = await aTask(codex());
    await job.start();
    const start = await daemon.command();
    await daemon.tell(
      {
        kind: "result",
        id: start.id,
        session: job.session,
        result: { status: "done", value: { type: "job", pid: 1, worktree: null } },
      },
      {
        kind: "events",
        session: job.session,
        events: [{ at, event: { type: "status", status: "working", reason: null } }],
      },
    );
    await job.cancel();
    expect((await daemon.command()).command).toEqual({ type: "codex_stop" });
    const stopped = { code: null, signal: "SIGINT", message: "stopped" };
    await daemon.tell({
      kind: "events",
      session: job.session,
      events: [
        { at, event: { type: "turn_failed", turn: 1, message: "stopped" } },
        { at, event: { type: "ended", status: "done", exit: stopped } },
      ],
    });
    expect(await job.over()).toMatchObject({ status: "cancelled" });

    daemon.socket.close();
    await vi.waitUntil(
      async () =>
        (await (await call(`/api/hosts/${host.id}`)).json<{ presence: string }>()).presence !== "online",
      { timeout: 30_000 },
    );
    const asleep = await aTask(codex());
    await asleep.start();
    await asleep.cancel();
    expect(await asleep.over()).toMatchObject({ status: "cancelled" });
  });
});

test("Claude Code that something else started ends with its turn, and its process after it", async ({
  expect,
}) => {
  const { id: host, token } = await enrolHost("box");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const job = await aTask({ provider: "claude", host, cwd: "/work", prompt: "do it", mode: "plan" });
  await job.start();
  const start = await daemon.command();
  expect(start.command).toMatchObject({
    type: "agent_start",
    agent: "claude",
    prompt: "do it",
    mode: "plan",
  });
  const at = 1;
  const done = { status: "done", value: { type: "nothing" } } as const;
  const status = (is: "working" | "waiting" | "idle") =>
    ({ at, event: { type: "status", status: is, reason: null } }) as const;
  const tell = (...events: Extract<DaemonMessage, { kind: "events" }>["events"]) =>
    daemon.tell({ kind: "events", session: job.session, events });
  await daemon.tell({ kind: "result", id: start.id, session: job.session, result: done });
  // It may be idle before it has heard anything, and waits for a person in between.
  await tell(status("idle"), status("working"), {
    at,
    event: { type: "turn_started", turn: 1, thread: "t" },
  });
  await tell(status("waiting"));
  expect((await job.stands()).status).toBe("running");
  await tell(
    { at, event: { type: "item", id: "a", turn: 1, item: { kind: "message", text: "It is done." } } },
    { at, event: { type: "turn_completed", turn: 1, usage: null } },
    status("idle"),
  );
  expect(await job.over()).toMatchObject({ status: "completed", result: "It is done." });
  const kill = await daemon.command();
  expect(kill.command).toEqual({ type: "kill", force: true });
  const exit = { code: 0, signal: null, message: null };
  await daemon.tell(
    {
      kind: "events",
      session: job.session,
      events: [{ at, event: { type: "ended", status: "done", exit } }],
    },
    { kind: "result", id: kill.id, session: job.session, result: done },
  );
  expect(await job.stands()).toMatchObject({ status: "completed" });
});
