import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import { aChat, output } from "./support/chat.ts";
import { call, enrolHost, FACTS, FakeDaemon } from "./support/edge.ts";
import { query } from "./support/faults.ts";

const sessionOf = async (id: string) => (await call(`/api/sessions/${id}`)).json<Session>();
const stubOf = (id: string) => env.SESSION.getByName(`main/${id}`);
const userMessages = async (chat: Awaited<ReturnType<typeof aChat>>) =>
  (await chat.events()).flatMap((event) =>
    event.type === "item" && event.item.kind === "user_message" ? [event.item.text] : [],
  );

describe("a message sent twice", () => {
  test("is one message: while it waits, when it was taken, after an eviction, from either kind of id", async ({
    expect,
  }) => {
    const chat = await aChat();
    const post = (id: string, text: string) =>
      call(`/api/sessions/${chat.id}/messages`, { body: { id, text } });
    const [first, second] = [newId("msg"), newId("cmd")];
    const both = await Promise.all([post(first, "ask Which? [a|b]"), post(first, "ask Which? [a|b]")]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    await chat.until("waiting");
    await post(first, "something else under the same id");
    await post(second, "say later");
    const again = await (await post(second, "say later")).json();
    expect(again).toMatchObject({ id: second.replace("cmd", "msg"), text: "say later" });
    const queue = await (await call(`/api/sessions/${chat.id}/queue`)).json<{ items: object[] }>();
    expect(queue.items).toMatchObject([{ text: "say later", by: "owner" }]);
    await abortAllDurableObjects();
    await post(first, "say it once more");
    const [[question] = []] = [...(await chat.items())].filter(([, { kind }]) => kind === "question");
    await call(`/api/sessions/${chat.id}/commands`, { body: { type: "answer", question, text: "a" } });
    await vi.waitUntil(
      async () => (await chat.events()).filter(({ type }) => type === "turn_completed").length === 2,
    );
    await post(second, "say later");
    await chat.until("idle");
    expect(await userMessages(chat)).toEqual(["ask Which? [a|b]", "say later"]);
    expect((await post("msg_x", "say no")).status).toBe(400);
  });

  test("does not come back after it was removed", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("ask Which? [a|b]");
    await chat.until("waiting");
    const id = newId("msg");
    const post = () => call(`/api/sessions/${chat.id}/messages`, { body: { id, text: "say late" } });
    await post();
    expect((await call(`/api/sessions/${chat.id}/queue/${id}`, { method: "DELETE" })).status).toBe(204);
    await post();
    expect((await call(`/api/sessions/${chat.id}/queue/${id}`, { method: "DELETE" })).status).toBe(404);
    expect(await (await call(`/api/sessions/${chat.id}/queue`)).json()).toMatchObject({ items: [] });
  });

  test("to a pane is typed once", async ({ expect }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const session = newId("ses");
    await daemon.tellSession(session);
    const body = { id: newId("msg"), text: "ls" };
    for (let i = 0; i < 2; i++) await call(`/api/sessions/${session}/messages`, { body });
    const sent = await daemon.command();
    expect(sent).toMatchObject({ id: body.id.replace("msg", "cmd"), command: { type: "paste", text: "ls" } });
    const log = await (
      await call(`/api/sessions/${session}/events?after=0`)
    ).json<{ items: { type: string }[] }>();
    expect(log.items.filter(({ type }) => type === "command")).toHaveLength(1);
  });
});

describe("a session asked for twice", () => {
  test("is made and started once, also when it has ended and its command is forgotten", async ({
    expect,
  }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const body = { id: newId("ses"), provider: "tmux", host, cwd: "/work", argv: ["top"] };
    const made = await Promise.all([call("/api/sessions", { body }), call("/api/sessions", { body })]);
    for (const each of made) expect(await each.json<Session>()).toMatchObject({ id: body.id });
    const { id } = await daemon.command();
    const failed = { status: "failed", code: "no_tmux", message: "There is no tmux." } as const;
    await daemon.tell({ kind: "result", id, session: body.id, result: failed });
    await query(stubOf(body.id), "DELETE FROM command");
    expect(await (await call("/api/sessions", { body })).json<Session>()).toMatchObject({
      status: "trouble",
    });
    expect(await query(stubOf(body.id), "SELECT id FROM command")).toEqual([]);
    const other = await call("/api/sessions", { body: { provider: "edge", id: body.id } });
    expect(other.status).toBe(409);
  });
});

describe("the title of a chat", () => {
  test("is its first message's first line, once", async ({ expect }) => {
    const chat = await aChat();
    expect((await sessionOf(chat.id)).title).toBe("New chat");
    await chat.say("say hello to everybody who is here today and to those who are not\nsay more");
    await chat.until("idle");
    const { title } = await sessionOf(chat.id);
    expect(title).toBe("say hello to everybody who is here today and to those who…");
    await chat.say("say another thing");
    await vi.waitUntil(async () => (await chat.answer()).includes("another thing"));
    expect((await sessionOf(chat.id)).title).toBe(title);
  });

  test("is left as a person has named it, before or at its making", async ({ expect }) => {
    const chat = await aChat();
    await call(`/api/sessions/${chat.id}`, { method: "PATCH", body: { title: "Mine" } });
    await chat.say("say hello");
    await chat.until("idle");
    expect((await sessionOf(chat.id)).title).toBe("Mine");
    const named = await call("/api/sessions", { body: { provider: "edge", title: "Named" } });
    const { id } = await named.json<Session>();
    await call(`/api/sessions/${id}/messages`, { body: { text: "say hello" } });
    await vi.waitUntil(async () => (await sessionOf(id)).status === "idle");
    expect((await sessionOf(id)).title).toBe("Named");
  });
});

describe("a chat is no pane", () => {
  test.for([
    { type: "send_input", text: "x" },
    { type: "paste", text: "x" },
    { type: "send_keys", keys: ["Enter"] },
    { type: "interrupt" },
    { type: "resize", cols: 80, rows: 24 },
    { type: "snapshot" },
    { type: "search", pattern: "x" },
    { type: "kill" },
    { type: "remove_worktree" },
    { type: "codex_stop" },
  ])("refuses $type with a sentence, and queues nothing", async (body, { expect }) => {
    const chat = await aChat();
    const refused = await call(`/api/sessions/${chat.id}/commands`, { body });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      error: { code: "not_supported", message: `A chat has no terminal: it takes no ${body.type}.` },
    });
    expect(await query(stubOf(chat.id), "SELECT id FROM command")).toEqual([]);
  });

  test("and a pane is no chat: it is not moved to another host", async ({ expect }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const other = await enrolHost("other");
    const session = newId("ses");
    await daemon.tellSession(session);
    const body = { type: "hop", host: other.id, workspace: "/elsewhere" };
    expect((await call(`/api/sessions/${session}/commands`, { body })).status).toBe(409);
    expect((await sessionOf(session)).host).toBe(host);
  });

  test("and no daemon can make one", async ({ expect }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const session = newId("ses");
    const message = { kind: "session", session, provider: "edge", title: "mine", facts: FACTS };
    daemon.socket.send({ type: "messages", messages: [{ seq: ++daemon.seq, message }] });
    await daemon.socket.until("ack");
    expect((await call(`/api/sessions/${session}`)).status).toBe(404);
  });
});

test("what only an earlier attempt at a step had begun to say is taken back", async ({ expect }) => {
  const chat = await aChat();
  await chat.say("slow 20");
  await vi.waitUntil(async () => (await query(stubOf(chat.id), "SELECT id FROM part")).length === 1);
  // As an attempt left it whose answer was a thought and a text.
  await query(stubOf(chat.id), "INSERT INTO part VALUES ('t1.s1.reasoning-7', 1, 'reasoning', 'I wonder')");
  await abortAllDurableObjects();
  await chat.until("idle");
  expect((await chat.items()).get("t1.s1.reasoning-7")).toEqual({ kind: "reasoning", text: "" });
  expect(await chat.answer()).toContain("word20");
  expect(await query(stubOf(chat.id), "SELECT id FROM part")).toEqual([]);
});

test("more than a hundred calls of one step are sent in the order in which they were made", async ({
  expect,
}) => {
  const chat = await aChat();
  await chat.say(Array.from({ length: 103 }, (_, i) => `read ${i}.txt`).join("\n"));
  const sent = [];
  for (let i = 0; i < 103; i++) sent.push(await chat.daemon.command());
  expect(sent.map(({ command }) => command.type === "tool" && command.input.path)).toEqual(
    Array.from({ length: 103 }, (_, i) => `${i}.txt`),
  );
  await chat.daemon.tell(
    ...sent.map(({ id }) => ({ kind: "result", id, session: chat.id, result: output("") }) as const),
  );
  await chat.until("idle");
  const told = await query(stubOf(chat.id), "SELECT json FROM message ORDER BY position");
  expect(told.map(({ json }) => String(json)).filter((json) => json.includes('"tool-result"'))).toHaveLength(
    103,
  );
});
