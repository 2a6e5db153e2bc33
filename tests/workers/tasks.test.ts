import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { beforeAll, describe, test, vi } from "vitest";
import type { Env } from "../../durable-objects/shared/env.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import type { HubServerFrame } from "../../protocol/hubFrames.ts";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import type { WholeTask } from "../../protocol/taskApi.ts";
import { isTaskEnded, type Task } from "../../protocol/tasks.ts";
import { tasks } from "../../worker/db/schema.ts";
import { consumeTasks } from "../../worker/tasks/consumeTasks.ts";
import { startTask } from "../../worker/tasks/startTask.ts";
import { sweepTasks } from "../../worker/tasks/sweepTasks.ts";
import { died, retried, type TaskRow } from "../../worker/tasks/taskLife.ts";
import { claimTask, readTask } from "../../worker/tasks/taskStore.ts";
import { call, enrolHost, FakeDaemon, open } from "./support/edge.ts";
import { query, runAlarms } from "./support/faults.ts";

const PATIENCE = { timeout: 60_000 };
const clock = () => env.CLOCK.getByName("main");

const chat = (prompt: string, more: object = {}) => ({
  spec: { provider: "edge", prompt, model: "offline/builtin", ...more },
});

async function add(wish: object): Promise<Task> {
  const response = await call("/api/tasks", { body: wish });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response.json<Task>();
}
const show = async (id: string) => (await call(`/api/tasks/${id}`)).json<WholeTask>();
const act = (id: string, what: "cancel" | "retry") => call(`/api/tasks/${id}/${what}`, { method: "POST" });
const until = (id: string, status: Task["status"]) =>
  vi.waitUntil(async () => {
    const task = await show(id);
    if (task.status === status) return task;
    if (isTaskEnded(task)) throw new Error(`${task.status}: ${task.error}`);
    return null;
  }, PATIENCE);
const message = (task: string, round = 0) => ({ team: "main", task, round });
const set = (id: string, values: Partial<TaskRow>) =>
  drizzle(env.DB).update(tasks).set(values).where(eq(tasks.id, id));

/** A task as it stands before anything has looked at it: its message is lost. */
async function unsent(wish: object): Promise<string> {
  const id = newId("tsk");
  const { spec, tries = 1, host = null } = { tries: 1, host: null, spec: {}, ...wish };
  await drizzle(env.DB)
    .insert(tasks)
    .values({
      id,
      team: "main",
      status: "queued",
      title: "a task",
      spec: JSON.stringify(spec),
      host,
      by: "owner",
      most_tries: tries,
      created_at: Date.now(),
    });
  return id;
}

/** What sessions a task has had, and how many turns those. */
async function traceOf(id: string): Promise<{ sessions: number; turns: number }> {
  const { results } = await env.DB.prepare("SELECT id FROM session WHERE json_extract(json, '$.job.id') = ?")
    .bind(id)
    .all<{ id: string }>();
  let turns = 0;
  for (const { id: session } of results) {
    const { items } = await (
      await call(`/api/sessions/${session}/events?after=0&limit=1000`)
    ).json<{ items: SessionEvent[] }>();
    turns += items.filter(({ type }) => type === "turn_started").length;
  }
  return { sessions: results.length, turns };
}

/** The environment as a consumer has it that dies when it calls a session. */
const dying = (): Env => ({
  ...env,
  SESSION: new Proxy(env.SESSION, {
    get: (target, key) =>
      key === "getByName"
        ? () => {
            throw new Error("the consumer died");
          }
        : Reflect.get(target, key),
  }),
});

describe("a task", () => {
  test("is taken from the queue, runs in a session of its own, and says how it ended; pages see it live", async ({
    expect,
  }) => {
    const page = await open("/api/live");
    page.send({ type: "hello", version: 1 });
    await page.until<Extract<HubServerFrame, { type: "ready" }>>("ready");
    const wish = { id: newId("tsk"), title: "Say it", ...chat("say it is done") };
    const [task, again] = await Promise.all([add(wish), add(wish)]);
    expect(again.id).toBe(task.id);
    expect(task).toMatchObject({ status: "queued", title: "Say it", by: "owner", tries: 0 });
    const done = await until(task.id, "completed");
    expect(done.result).toContain("it is done");
    expect(done.tokens.output).toBeGreaterThan(0);
    expect(done.spec.prompt).toBe("say it is done");
    const session = await (await call(`/api/sessions/${done.session}`)).json<Session>();
    expect(session).toMatchObject({ title: "Say it", status: "done", job: { kind: "task", id: task.id } });
    const seen: Task["status"][] = [];
    while (seen.at(-1) !== "completed") {
      const { changes } = await page.until<Extract<HubServerFrame, { type: "changes" }>>("changes");
      for (const change of changes) if (change.kind === "task") seen.push(change.task.status);
    }
    expect(seen[0]).toBe("queued");
    page.close();
    const listed = await (await call("/api/tasks?status=completed&limit=1")).json<{ items: Task[] }>();
    expect(listed.items[0]).toMatchObject({ id: task.id, status: "completed" });
    expect(await traceOf(task.id)).toEqual({ sessions: 1, turns: 1 });
  });

  test("that fails is tried again later, as often as it says, and then by a person", async ({ expect }) => {
    const task = await add({ ...chat("fail 400 99"), tries: 2 });
    const waiting = await vi.waitUntil(async () => {
      const now = await show(task.id);
      return now.tries === 1 && now.status === "queued" ? now : null;
    }, PATIENCE);
    expect(waiting.not_before).toBeGreaterThan(Date.now());
    expect(waiting.error).not.toBeNull();
    const failed = await until(task.id, "failed");
    expect(failed).toMatchObject({ tries: 2 });
    expect(await traceOf(task.id)).toMatchObject({ sessions: 2 });
    await set(task.id, { spec: JSON.stringify(chat("say better").spec) });
    expect((await act(task.id, "retry")).status).toBe(200);
    expect((await act(task.id, "retry")).status).toBe(409);
    expect((await until(task.id, "completed")).result).toContain("better");
  });

  test("is cancelled while it waits, while it runs, and when its session was never made", async ({
    expect,
  }) => {
    const running = await add(chat("slow 1000"));
    await until(running.id, "running");
    await act(running.id, "cancel");
    expect(await until(running.id, "cancelled")).toMatchObject({ cancelled_by: "owner", tries: 1 });

    const waiting = await unsent(chat("say no"));
    await act(waiting, "cancel");
    await env.TASKS.send(message(waiting));
    const claimed = await unsent(chat("say no"));
    await startTask(dying(), message(claimed)).catch(() => undefined);
    expect(await show(claimed)).toMatchObject({ status: "claimed" });
    await act(claimed, "cancel");
    await env.TASKS.send(message(claimed));
    for (const id of [waiting, claimed]) {
      expect(await show(id)).toMatchObject({ status: "cancelled" });
      expect(await traceOf(id)).toEqual({ sessions: 0, turns: 0 });
    }
  });

  test("of a host that is not there fails with a sentence", async ({ expect }) => {
    const task = await add(chat("say so", { host: newId("hst"), cwd: "/work" }));
    expect(await until(task.id, "failed")).toMatchObject({ error: "There is no such host." });
  });

  test("is added and ended by operators, seen by viewers, and never by strangers", async ({ expect }) => {
    const { id } = await add(chat("say so"));
    await until(id, "completed");
    for (const path of ["/api/tasks", `/api/tasks/${id}`])
      expect((await call(path, { token: null })).status).toBe(401);
    expect((await call("/api/tasks", { body: chat("x"), token: null })).status).toBe(401);
    expect((await call(`/api/tasks/${newId("tsk")}`)).status).toBe(404);
    expect((await act(newId("tsk"), "cancel")).status).toBe(404);
    expect((await call("/api/tasks", { body: chat("") })).status).toBe(400);
    expect((await call("/api/tasks", { body: { spec: { provider: "codex", prompt: "x" } } })).status).toBe(
      400,
    );
    const { results } = await env.DB.prepare("SELECT action FROM audit WHERE target = ?").bind(id).all();
    expect(results).toEqual([{ action: "task.add" }]);
  });
});

describe("the queue of tasks", () => {
  test("may bring a message many times, at once and late: the task runs once", async ({ expect }) => {
    const id = await unsent(chat("slow 3"));
    await env.TASKS.sendBatch(Array.from({ length: 30 }, () => ({ body: message(id) })));
    await until(id, "completed");
    await env.TASKS.sendBatch(Array.from({ length: 5 }, () => ({ body: message(id) })));
    await consumeTasks(
      createMessageBatch("signalbox-tasks", [
        { id: "x", timestamp: new Date(), attempts: 1, body: message(id) },
      ]),
      env,
    );
    expect(await traceOf(id)).toEqual({ sessions: 1, turns: 1 });
  });

  test("redelivers what a consumer took and did not start; it is started in the session that was chosen then", async ({
    expect,
  }) => {
    const id = await unsent(chat("say so"));
    const batch = () =>
      createMessageBatch("signalbox-tasks", [
        { id: "x", timestamp: new Date(), attempts: 1, body: message(id) },
      ]);
    const first = batch();
    const { session } = await (async () => {
      await consumeTasks(first, dying());
      return show(id);
    })();
    expect((await getQueueResult(first, createExecutionContext())).retryMessages).toHaveLength(1);
    expect(await show(id)).toMatchObject({ status: "claimed" });
    await env.TASKS.send(message(id));
    expect((await until(id, "completed")).session).toBe(session);
    expect(await traceOf(id)).toEqual({ sessions: 1, turns: 1 });
  });

  test("loses messages, and consumers die: the clock finds both", async ({ expect }) => {
    const lost = await unsent(chat("say lost"));
    const left = await unsent(chat("say left"));
    await startTask(dying(), message(left)).catch(() => undefined);
    await set(left, { lease_until: 1 });
    await clock().watchTasks();
    await runAlarms(clock());
    for (const id of [lost, left]) {
      await until(id, "completed");
      expect(await traceOf(id)).toEqual({ sessions: 1, turns: 1 });
    }
    // When nothing is left to look after, it sleeps.
    await vi.waitUntil(async () => !(await sweepTasks(env, "main")), PATIENCE);
  });

  test("drops what names no task, and holds up nothing for it", async () => {
    const id = await unsent(chat("say so"));
    const nonsense = [null, "x", { team: 1 }, { task: "no" }, { team: "main", task: newId("tsk") }];
    await env.TASKS.sendBatch(
      [...nonsense, message(id)].map((body) => ({ body }) as MessageSendRequest<never>),
    );
    await until(id, "completed");
  });

  test("gives up what kills every consumer: it is a dead letter, shown, and requeued by a person", async ({
    expect,
  }) => {
    // A prompt that is no text: the session's object cannot take it.
    const id = await unsent(chat("", { prompt: ["say so"] }));
    await env.TASKS.send(message(id));
    const dead = await until(id, "dead");
    expect(dead.error).not.toBeNull();
    const listed = await (await call("/api/tasks?status=dead")).json<{ items: Task[] }>();
    expect(listed.items.map((task) => task.id)).toContain(id);
    await set(id, { spec: JSON.stringify(chat("say alive").spec) });
    await act(id, "retry");
    expect((await until(id, "completed")).result).toContain("alive");
  });

  test("a dead letter of a time before it was begun anew says nothing about it", async ({ expect }) => {
    const id = await unsent(chat("say so"));
    const row = await readTask(env, "main", id);
    if (row === null) throw new Error("the task is gone");
    const anew = { ...row, status: "queued", round: 1 } as const;
    expect(died(anew, 0, "too often", 1)).toBeNull();
    expect(died(anew, 1, "too often", 1)).toMatchObject({ status: "dead", error: "too often" });
    expect(retried({ ...anew, ended_at: 1 })).toMatchObject({ status: "queued", round: 2 });
  });

  test("tells a hub again that missed how a task ended", async ({ expect }) => {
    const { id } = await add(chat("say so"));
    const { version } = await until(id, "completed");
    const hub = env.HUB.getByName("main");
    const row = await readTask(env, "main", id);
    if (row === null) throw new Error("the task is gone");
    // As if it had ended unseen.
    await set(id, { version: version + 2 });
    await hub.publish([
      { kind: "task", task: { ...(await show(id)), status: "running", version: version + 1 } },
    ]);
    expect((await hub.openTasks()).map((task) => task.id)).toContain(id);
    await sweepTasks(env, "main");
    expect((await hub.openTasks()).map((task) => task.id)).not.toContain(id);
  });
});

describe("limits", () => {
  test("so many run at once, and no more of them on one host", async ({ expect }) => {
    const { id: host, token } = await enrolHost("busy");
    await FakeDaemon.connect(token, `epoch-${host}`);
    const spec = { provider: "codex", host, cwd: "/work", prompt: "wait" };
    const made = await Promise.all(Array.from({ length: 6 }, () => add({ spec, tries: 1 })));
    const stand = async () => {
      const all = await Promise.all(made.map(({ id }) => show(id)));
      return (status: Task["status"]) => all.filter((task) => task.status === status);
    };
    await vi.waitUntil(async () => (await stand())("running").length === 4, PATIENCE);
    const other = await add(chat("say that others have room"));
    await until(other.id, "completed");
    await sweepTasks(env, "main");
    expect((await stand())("queued")).toHaveLength(2);
    const [one] = (await stand())("running");
    // Its host has it already; it ends when that has ended it, or its person deletes it.
    await env.SESSION.getByName(`main/${one?.session}`).hostRemoved(host);
    await vi.waitUntil(async () => (await stand())("queued").length === 1, PATIENCE);
    for (const { id } of made) await act(id, "cancel");
  });

  test("one that waits for its own subagents takes nobody's place, theirs least of all", async ({
    expect,
  }) => {
    const few = { ...env, SIGNALBOX_TASKS_PER_HOST: "1" };
    const { id: host } = await enrolHost("narrow");
    const wish = { spec: { provider: "edge", prompt: "say x", host, cwd: "/work" }, host };
    const [parent = "", child = "", other = ""] = [
      await unsent(wish),
      await unsent(wish),
      await unsent(wish),
    ];
    const claim = (id: string) => claimTask(few, { team: "main", id }, Date.now());
    const session = (await claim(parent))?.session ?? "";
    expect(await claim(other)).toBe(null);
    await set(child, { parent: session, depth: 2 });
    expect(await claim(child)).toBe(null); // nobody waits for it
    await set(child, { owed: 1 });
    expect((await claim(child))?.id).toBe(child);
    expect(await claim(other)).toBe(null);
    for (const id of [parent, child, other]) await act(id, "cancel");
  });

  test("so many work in one directory of a host; one in a worktree of its own is in nobody's way", async ({
    expect,
  }) => {
    const few = { ...env, SIGNALBOX_TASKS_PER_WORKSPACE: "1" };
    const { id: host } = await enrolHost("shared");
    const wish = (more: object) => ({
      spec: { provider: "codex", host, cwd: "/work", prompt: "wait", ...more },
      host,
    });
    const [one, two, elsewhere, own] = await Promise.all([
      unsent(wish({})),
      unsent(wish({})),
      unsent(wish({ cwd: "/else" })),
      unsent(wish({ worktree: { branch: "own" } })),
    ]);
    const claim = async (id = "") => (await claimTask(few, { team: "main", id }, Date.now())) !== null;
    expect([await claim(own), await claim(one), await claim(two), await claim(elsewhere)]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    await set(one ?? "", { status: "cancelled", ended_at: Date.now() });
    expect(await claim(two)).toBe(true);
    for (const id of [two, elsewhere, own]) await act(id ?? "", "cancel");
  });
});

describe("a host that is away", () => {
  test("gets its tasks in order when it is back; one is taken back, one has waited too long and is tried again", async ({
    expect,
  }) => {
    const { id: host, token } = await enrolHost("asleep");
    const object = env.HOST.getByName(`main/${host}`);
    const made: Task[] = [];
    for (const prompt of ["first", "second", "third", "fourth"]) {
      const task = await add({ spec: { provider: "codex", host, cwd: "/work", prompt }, tries: 2 });
      await until(task.id, "running");
      made.push(task);
    }
    const [first, second, third, fourth] = made;
    if (!first || !second || !third || !fourth) throw new Error("they were made above");
    await act(second.id, "cancel");
    await until(second.id, "cancelled");
    const { session } = await show(third.id);
    await query(object, "UPDATE command SET expires_at = 0 WHERE session = ?", session ?? "");
    await runAlarms(object);
    const again = await vi.waitUntil(async () => {
      const task = await show(third.id);
      return task.status === "queued" ? task : null;
    }, PATIENCE);
    expect(again).toMatchObject({ tries: 1, error: expect.stringMatching(/expired/) });
    const { daemon } = await FakeDaemon.connect(token);
    const prompts = [(await daemon.command()).command, (await daemon.command()).command].map((command) =>
      "prompt" in command ? command.prompt : "",
    );
    expect(prompts).toEqual(["first", "fourth"]);
    for (const { id } of made) await act(id, "cancel");
  });
});

/** A thousand in CI. */
describe("very many tasks", () => {
  const COUNT = Math.ceil(Number(env.FUZZ_INPUTS) / 10);
  const ids = Array.from({ length: COUNT }, () => newId("tsk"));
  beforeAll(async () => {
    for (let from = 0; from < COUNT; from += 50)
      await Promise.all(ids.slice(from, from + 50).map((id) => add({ id, ...chat(`say ${id}`) })));
  });

  test("all end, each in one session with one turn", async ({ expect }) => {
    await vi.waitUntil(
      async () => {
        const row = await env.DB.prepare(
          "SELECT count(*) AS left FROM task WHERE ended_at IS NULL AND id IN (SELECT value FROM json_each(?))",
        )
          .bind(JSON.stringify(ids))
          .first<{ left: number }>();
        return row?.left === 0;
      },
      { timeout: 110_000, interval: 500 },
    );
    const { results } = await env.DB.prepare(
      `SELECT status, count(*) AS n, sum(tries) AS tries, sum(instr(result, id) > 0) AS own
       FROM task WHERE id IN (SELECT value FROM json_each(?)) GROUP BY status`,
    )
      .bind(JSON.stringify(ids))
      .all();
    expect(results).toEqual([{ status: "completed", n: COUNT, tries: COUNT, own: COUNT }]);
    const sessions = await env.DB.prepare(
      `SELECT count(*) AS n, count(DISTINCT json_extract(json, '$.job.id')) AS tasks
       FROM session WHERE json_extract(json, '$.job.id') IN (SELECT value FROM json_each(?))`,
    )
      .bind(JSON.stringify(ids))
      .first();
    expect(sessions).toEqual({ n: COUNT, tasks: COUNT });
  });
});
