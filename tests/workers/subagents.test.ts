import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { Approval } from "../../protocol/approvals.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import type { WholeTask } from "../../protocol/taskApi.ts";
import { isTaskEnded, type Task } from "../../protocol/tasks.ts";
import { sweepTasks } from "../../worker/tasks/sweepTasks.ts";
import { aChat, decide, carryOut, output } from "./support/chat.ts";
import { call } from "./support/edge.ts";

const PATIENCE = { timeout: 60_000 };

const tasksOf = async (session: string) =>
  (await (await call(`/api/tasks?parent=${session}`)).json<{ items: Task[] }>()).items;
const childrenOf = (session: string, count = 1) =>
  vi.waitUntil(async () => {
    const all = await tasksOf(session);
    return all.length === count ? all : null;
  }, PATIENCE);
const ended = (id: string) =>
  vi.waitUntil(async () => {
    const task = await (await call(`/api/tasks/${id}`)).json<WholeTask>();
    return isTaskEnded(task) ? task : null;
  }, PATIENCE);
/** What subagents have told a chat. */
const toldTo = async (session: string) => {
  const path = `/api/sessions/${session}/events?after=0&limit=1000`;
  const { items } = await (await call(path)).json<{ items: SessionEvent[] }>();
  return items.flatMap((event) =>
    event.type === "item" && event.item.kind === "user_message" && event.item.text.startsWith("Subagent")
      ? [event.item.text]
      : [],
  );
};

describe("a chat's subagent", () => {
  test("works on the chat's host and directory, and tells how it ended: once, whatever is repeated", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("spawn say the small answer");
    const [task] = await childrenOf(chat.id);
    if (task === undefined) throw new Error("no task");
    const done = await ended(task.id);
    expect(done).toMatchObject({ status: "completed", host: chat.host, cwd: "/work", by: `chat ${chat.id}` });
    const [told] = await vi.waitUntil(async () => {
      const all = await toldTo(chat.id);
      return all.length > 0 ? all : null;
    }, PATIENCE);
    expect(told).toContain("the small answer");
    await env.DB.prepare("UPDATE task SET owed = 1 WHERE id = ?").bind(task.id).run();
    await sweepTasks(env, "main");
    await chat.until("idle");
    expect(await toldTo(chat.id)).toHaveLength(1);
  });

  test("can be asked about, and is told of only when that is wanted", async ({ expect }) => {
    const chat = await aChat();
    await chat.say(`call spawn_subagent {"prompt":"say quiet words","title":"Quiet","tell":false}`);
    const [task] = await childrenOf(chat.id);
    await ended(task?.id ?? "");
    await chat.until("idle");
    await chat.say(`subagents\nthen result ${task?.id}\nthen result ${newId("tsk")}`);
    await vi.waitUntil(async () => (await chat.cards()).length === 4, PATIENCE);
    await chat.until("idle");
    const [, status, result, wrong] = await chat.cards();
    expect(status?.output).toContain("completed");
    expect(status?.output).toContain("Quiet");
    expect(result?.output).toContain("quiet words");
    expect(wrong).toMatchObject({ state: "failed", error: "This chat has no such subagent." });
    expect(await toldTo(chat.id)).toEqual([]);
  });

  test("asks a person for itself, under its own name", async ({ expect }) => {
    const chat = await aChat();
    await chat.say(`call spawn_subagent {"prompt":"run echo hi","title":"Say hi"}`);
    const [task] = await childrenOf(chat.id);
    const running = await vi.waitUntil(
      async () => (await tasksOf(chat.id)).find(({ session }) => session !== null),
      PATIENCE,
    );
    const session = running.session ?? "";
    const approval = await vi.waitUntil(
      async () =>
        (
          await (await call(`/api/approvals?status=pending&session=${session}`)).json<{ items: Approval[] }>()
        ).items.at(0),
      PATIENCE,
    );
    expect(await (await call(`/api/sessions/${session}`)).json<Session>()).toMatchObject({
      title: "Say hi",
      status: "waiting",
    });
    await decide(approval, { decision: "allow" });
    await carryOut(chat.daemon, session, output("hi"));
    expect(await ended(task?.id ?? "")).toMatchObject({ status: "completed" });
  });

  test("is ended by the chat, which is told", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("spawn slow 1000");
    const [task] = await childrenOf(chat.id);
    await chat.until("idle");
    await chat.say(`cancel ${task?.id}`);
    expect(await ended(task?.id ?? "")).toMatchObject({ status: "cancelled" });
    await vi.waitUntil(async () => (await toldTo(chat.id)).length === 1, PATIENCE);
  });

  test("has subagents of its own, is not over before it has heard of them, and those have none", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("spawn spawn slow 3; then say handed on");
    const [task] = await childrenOf(chat.id);
    const middle = await vi.waitUntil(
      async () => (await tasksOf(chat.id)).find(({ session }) => session !== null)?.session,
      PATIENCE,
    );
    await childrenOf(middle);
    await evictDurableObject(env.SESSION.getByName(`main/${middle}`)).catch(() => undefined);
    await ended(task?.id ?? "");
    const [leaf] = await tasksOf(middle);
    expect(leaf?.status).toBe("completed");
    expect(await toldTo(middle)).toHaveLength(1);
    expect(await toldTo(chat.id)).toHaveLength(1);
  });

  test("of the third depth there is none, nor a ninth at once", async ({ expect }) => {
    const chat = await aChat();
    const deep = "spawn spawn spawn say too deep".replaceAll("spawn spawn", "spawn spawn");
    await chat.say(deep);
    const [task] = await childrenOf(chat.id);
    await ended(task?.id ?? "");
    const { results } = await env.DB.prepare("SELECT max(depth) AS deepest FROM task").all();
    expect(results).toEqual([{ deepest: 2 }]);

    const many = await aChat();
    await many.say(Array.from({ length: 9 }, (_, i) => `spawn slow ${1000 + i}`).join("\n"));
    await vi.waitUntil(
      async () => (await many.cards()).filter(({ state }) => state === "failed").length === 1,
      PATIENCE,
    );
    expect(await tasksOf(many.id)).toHaveLength(8);
    for (const { id } of await tasksOf(many.id)) await call(`/api/tasks/${id}/cancel`, { method: "POST" });
  });

  test("ends with a task that is cancelled, and what it has handed on with it", async ({ expect }) => {
    const spec = { provider: "edge", prompt: "spawn slow 1000", model: "offline/builtin" };
    const task = await (await call("/api/tasks", { body: { spec } })).json<Task>();
    const session = await vi.waitUntil(
      async () => (await (await call(`/api/tasks/${task.id}`)).json<Task>()).session,
      PATIENCE,
    );
    const [child] = await childrenOf(session);
    await call(`/api/tasks/${task.id}/cancel`, { method: "POST" });
    expect((await ended(task.id)).status).toBe("cancelled");
    expect((await ended(child?.id ?? "")).status).toBe("cancelled");
  });
});
