import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { CommandAnswer } from "../../protocol/api.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { Span } from "../../protocol/traces.ts";
import { aChat, output } from "./support/chat.ts";
import { call } from "./support/edge.ts";
import { query } from "./support/faults.ts";

type Chat = Awaited<ReturnType<typeof aChat>>;

/** About 12,500 tokens, and as many in the answer; the offline model's window has 64,000. */
const LONG = `say ${"word ".repeat(10_000)}`;

const command = async (chat: Chat, body: object) =>
  (await call(`/api/sessions/${chat.id}/commands`, { body })).json<CommandAnswer>();
const summaries = async (chat: Chat) =>
  (await chat.events()).flatMap((event) =>
    event.type === "item" && event.item.kind === "summary" ? [{ ...event, item: event.item }] : [],
  );
const ended = async (chat: Chat, turns: number) =>
  vi.waitUntil(
    async () => (await chat.events()).filter(({ type }) => /^turn_(?!started)/.test(type)).length === turns,
    { timeout: 30_000 },
  );
const spans = async (chat: Chat) => {
  const answer = await call(`/api/sessions/${chat.id}/traces?limit=200`);
  return (await answer.json<{ items: unknown[] }>()).items.map((item) => Span.parse(item));
};
/** What the model is told next, as it stands in the rows. */
const told = async (chat: Chat) => {
  const stub = env.SESSION.getByName(`main/${chat.id}`);
  const [summary] = await query(stub, "SELECT text, upto FROM summary");
  const rows = await query(stub, "SELECT json FROM message WHERE position > ?", Number(summary?.upto ?? 0));
  return { summary: String(summary?.text ?? ""), messages: rows.map(({ json }) => String(json)) };
};
const whole = (events: SessionEvent[]) => events.every(({ seq }, i) => seq === i + 1);

describe("a conversation that fills the window", () => {
  test("is shortened by the model before it is asked; the log keeps everything, the trace shows the step", async ({
    expect,
  }) => {
    const chat = await aChat();
    for (let turn = 1; turn <= 3; turn++) {
      await chat.say(LONG);
      await ended(chat, turn);
    }
    const [only, ...more] = await summaries(chat);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ id: "t3.s1.summary", turn: 3, item: { turns: 2, from: 1 } });
    const events = await chat.events();
    const third = events.find((event) => event.type === "turn_started" && event.turn === 3);
    // All of the first two turns and nothing of the third.
    expect(only?.item.to).toBe((third?.seq ?? 0) - 2);
    expect(only?.item.text).toContain("- asked: say word word");
    expect(events.filter((event) => event.type === "turn_completed")).toHaveLength(3);
    expect((await spans(chat)).filter(({ turn, kind }) => turn === 3 && kind === "model")).toMatchObject([
      { id: "t3.s2.m1", name: "offline/builtin", outcome: "ok" },
      { id: "t3.s1.m1", name: "offline/builtin (summary)", outcome: "ok" },
    ]);
    await chat.say("summarize");
    await ended(chat, 4);
    expect(await chat.answer()).toContain("- asked: The older part of this conversation, in short:");
  });

  test("is left as it is while nobody can say how large the window is", async ({ expect }) => {
    const chat = await aChat();
    for (let turn = 1; turn <= 2; turn++) {
      await chat.say(`say ${"word ".repeat(8_000)}`);
      await ended(chat, turn);
    }
    await abortAllDurableObjects(); // and with it what is known of the window
    await env.DB.exec("ALTER TABLE model_provider RENAME TO model_provider_hidden");
    try {
      await chat.say("say on");
      await ended(chat, 3);
    } finally {
      await env.DB.exec("ALTER TABLE model_provider_hidden RENAME TO model_provider");
    }
    expect((await chat.events()).at(-2)).toMatchObject({ type: "turn_failed", turn: 3 });
    expect(await summaries(chat)).toEqual([]);
  });

  test("in the middle of a turn keeps the request, and each call is made once, in order", async ({
    expect,
  }) => {
    const chat = await aChat();
    const files = Array.from({ length: 9 }, (_, i) => `${i}.txt`);
    await chat.say(files.map((file, i) => `${i === 0 ? "" : "then "}read ${file}`).join("\n"));
    for (const path of files) {
      const { id, command: sent } = await chat.daemon.command();
      expect(sent).toMatchObject({ input: { path } });
      await chat.daemon.tell({ kind: "result", id, session: chat.id, result: output("x".repeat(50_000)) });
    }
    await ended(chat, 1);
    expect((await summaries(chat)).length).toBeGreaterThan(1);
    expect((await chat.cards()).map(({ state }) => state)).toEqual(files.map(() => "completed"));
    expect((await told(chat)).summary).toContain("- called: read_file 0.txt");
  });
});

test("one step with more results than the window holds is sent with each of them cut", async ({ expect }) => {
  const chat = await aChat();
  await chat.say(Array.from({ length: 10 }, (_, i) => `read ${i}.txt`).join("\n"));
  const ids = [];
  for (let i = 0; i < 10; i++) ids.push((await chat.daemon.command()).id);
  for (const id of ids)
    await chat.daemon.tell({ kind: "result", id, session: chat.id, result: output("x".repeat(60_000)) });
  await ended(chat, 1);
  expect((await chat.events()).some(({ type }) => type === "turn_completed")).toBe(true);
  const last = (await spans(chat)).find(({ id }) => id.startsWith("t1.s3.m"));
  expect(last?.usage?.input_tokens).toBeGreaterThan(40_000);
  expect(last?.usage?.input_tokens).toBeLessThan(64_000);
  expect((await chat.cards()).map(({ output: text }) => text?.length)).toEqual(Array(10).fill(60_000));
});

describe("shortening by hand", () => {
  test("replaces what was said, is a turn of its own, and is done again from where it was", async ({
    expect,
  }) => {
    const chat = await aChat();
    expect(await command(chat, { type: "compact" })).toMatchObject({
      status: "failed",
      result: { code: "nothing_to_shorten" },
    });
    await chat.say("say one");
    await ended(chat, 1);
    expect(await command(chat, { type: "compact" })).toMatchObject({ status: "done" });
    await ended(chat, 2);
    expect(await told(chat)).toEqual({ summary: "## Done\n- asked: say one", messages: [] });
    await chat.say("say two");
    await ended(chat, 3);
    await command(chat, { type: "compact" });
    await ended(chat, 4);
    const [first, second] = await summaries(chat);
    expect(second?.item.text).toBe("## Done\n- asked: say one\n- asked: say two");
    expect(second?.item.from).toBe((first?.item.to ?? 0) + 1);
    expect((await chat.items()).get("t1.user")).toMatchObject({ text: "say one" });
    expect(await chat.status()).toBe("idle");
  });

  test("of a turn that runs waits for its step; one asked for in the last step ends it", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("say before");
    await ended(chat, 1);
    await chat.say("ask Which? [a|b]");
    await chat.until("waiting");
    for (let i = 0; i < 2; i++) await command(chat, { type: "compact" });
    expect(await summaries(chat)).toEqual([]);
    await command(chat, { type: "answer", question: "t2.s1.c00", text: "a" });
    await ended(chat, 2);
    expect(await summaries(chat)).toMatchObject([{ id: "t2.s2.summary" }]);
    expect((await told(chat)).messages.join()).toContain("ask_user");
    await chat.say("slow 10");
    await vi.waitUntil(
      async () => (await query(env.SESSION.getByName(`main/${chat.id}`), "SELECT id FROM part")).length > 0,
    );
    await command(chat, { type: "compact" });
    await ended(chat, 3);
    expect((await summaries(chat)).at(-1)).toMatchObject({ id: "t3.s2.summary" });
    expect((await told(chat)).messages).toEqual([]);
    expect((await chat.items()).get("t3.s1.text-0")).toMatchObject({
      text: expect.stringContaining("word10"),
    });
  });

  test("that the model cannot do says so, and goes on with a list", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("summaries fail 400");
    await ended(chat, 1);
    await command(chat, { type: "compact" });
    await ended(chat, 2);
    expect((await chat.items()).get("t2.s1.unsummarized")).toMatchObject({
      kind: "warning",
      text: expect.stringContaining("could not be summarized"),
    });
    expect((await summaries(chat)).map(({ item }) => item.text)).toEqual(["- asked: summaries fail 400"]);
    expect((await spans(chat)).find(({ id }) => id === "t2.s1.m1")).toMatchObject({ outcome: "failed" });
    await chat.say("say on");
    await ended(chat, 3);
    expect(await chat.answer()).toContain("on");
  });

  test("is done once when the object is lost in the middle", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("summaries slow 20");
    await ended(chat, 1);
    await command(chat, { type: "compact" });
    for (let i = 0; i < 2; i++) {
      await vi.waitUntil(async () => (await spans(chat)).some(({ id }) => id === `t2.s1.m${i + 1}`));
      await abortAllDurableObjects();
    }
    await ended(chat, 2);
    expect(await summaries(chat)).toHaveLength(1);
    expect(whole(await chat.events())).toBe(true);
    const models = (await spans(chat)).filter(({ turn, kind }) => turn === 2 && kind === "model");
    expect(models.map(({ outcome }) => outcome).sort()).toEqual(["interrupted", "interrupted", "ok"]);
  });

  test("is stopped like a turn, and nothing is replaced", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("summaries slow 90");
    await ended(chat, 1);
    await command(chat, { type: "compact" });
    await vi.waitUntil(async () => (await spans(chat)).some(({ name }) => name.endsWith("(summary)")));
    await command(chat, { type: "cancel_turn" });
    await chat.until("idle");
    expect((await chat.events()).at(-2)).toMatchObject({ type: "turn_cancelled", turn: 2 });
    expect(await summaries(chat)).toEqual([]);
    expect((await told(chat)).messages).toHaveLength(2);
  });
});

describe("a request that is too long for its provider", () => {
  test("is shortened once, and made again", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("say before");
    await ended(chat, 1);
    await chat.say("fail full\nsay made it");
    await ended(chat, 2);
    expect(await summaries(chat)).toMatchObject([{ id: "t2.s1.summary" }]);
    expect(await chat.answer()).toContain("made it");
    expect((await spans(chat)).filter(({ turn, kind }) => turn === 2 && kind === "model")).toMatchObject([
      { id: "t2.s2.m1", outcome: "ok" },
      { id: "t2.s1.m2", outcome: "ok", name: "offline/builtin (summary)" },
      { id: "t2.s1.m1", outcome: "failed", error: expect.stringContaining("too long") },
    ]);
  });

  test("fails when that does not help, or when there is nothing to shorten", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("fail full");
    await ended(chat, 1);
    expect(await summaries(chat)).toEqual([]);
    await chat.say("say between");
    await ended(chat, 2);
    await chat.say("fail 413 9");
    await ended(chat, 3);
    expect(await summaries(chat)).toHaveLength(1);
    expect((await chat.events()).filter(({ type }) => type === "turn_failed")).toMatchObject([
      { turn: 1, message: expect.stringContaining("too long") },
      { turn: 3, message: expect.stringContaining("too long") },
    ]);
  });
});
