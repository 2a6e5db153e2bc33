import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { QueuedMessage } from "../../protocol/api.ts";
import { newId } from "../../protocol/ids.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { aChat } from "./support/chat.ts";
import { call } from "./support/edge.ts";
import { query } from "./support/faults.ts";

type Chat = Awaited<ReturnType<typeof aChat>>;

const steer = (chat: Chat, text: string, id = newId("msg")) =>
  call(`/api/sessions/${chat.id}/messages`, { body: { id, text, steer: true } });
const said = async (chat: Chat) =>
  (await chat.events()).flatMap((event) =>
    event.type === "item" && event.item.kind === "user_message"
      ? [{ turn: event.turn, text: event.item.text, steered: event.item.steered ?? false }]
      : [],
  );
const queueOf = async (chat: Chat) =>
  (await (await call(`/api/sessions/${chat.id}/queue`)).json<{ items: QueuedMessage[] }>()).items;
const answer = (chat: Chat, question: string, text: string) =>
  call(`/api/sessions/${chat.id}/commands`, { body: { type: "answer", question, text } });
const ended = async (chat: Chat, turns: number) =>
  vi.waitUntil(
    async () => (await chat.events()).filter(({ type }) => /^turn_(?!started)/.test(type)).length === turns,
    { timeout: 30_000 },
  );

describe("a message that steers", () => {
  test("is taken before the turn's next step, in its place; one that waits is taken after the turn", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("ask Which? [a|b]\nthen say never reached");
    await chat.until("waiting");
    await chat.say("say later");
    await steer(chat, "say steered");
    expect((await queueOf(chat)).map(({ text, steer: now }) => [text, now ?? false])).toEqual([
      ["say later", false],
      ["say steered", true],
    ]);
    await answer(chat, "t1.s1.c00", "a");
    await ended(chat, 2);
    expect(await said(chat)).toEqual([
      { turn: 1, text: "ask Which? [a|b]\nthen say never reached", steered: false },
      { turn: 1, text: "say steered", steered: true },
      { turn: 2, text: "say later", steered: false },
    ]);
    expect(await chat.answer()).not.toContain("never reached");
    const shown = [...(await chat.items()).keys()];
    expect(shown.findIndex((id) => id.startsWith("t1.msg_"))).toBe(shown.indexOf("t1.s1.c00") + 1);
    const roles = await query(
      env.SESSION.getByName(`main/${chat.id}`),
      "SELECT json_extract(json, '$.role') AS role FROM message WHERE turn = 1 ORDER BY position",
    );
    expect(roles.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user", "assistant"]);
  });

  test("that comes while the last answer is written keeps the turn going", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("slow 10");
    await vi.waitUntil(
      async () => (await query(env.SESSION.getByName(`main/${chat.id}`), "SELECT id FROM part")).length > 0,
    );
    await steer(chat, "say one more thing");
    await ended(chat, 1);
    expect(await said(chat)).toMatchObject([
      { turn: 1 },
      { turn: 1, text: "say one more thing", steered: true },
    ]);
    expect(await chat.answer()).toMatch(/word10[^]*one more thing/);
    expect(await chat.status()).toBe("idle");
  });

  test("can be made to wait, and one that waits to steer; removed, it is never said", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("ask Which? [a|b]");
    await chat.until("waiting");
    const [now, later, gone] = [newId("msg"), newId("msg"), newId("msg")];
    await steer(chat, "say it steers at first", now);
    await call(`/api/sessions/${chat.id}/messages`, { body: { id: later, text: "say it waits at first" } });
    await steer(chat, "say gone", gone);
    const patch = (id: string, body: object) =>
      call(`/api/sessions/${chat.id}/queue/${id}`, { method: "PATCH", body });
    expect((await patch(now, { steer: false })).status).toBe(204);
    expect((await patch(later, { steer: true, text: "say it steers now" })).status).toBe(204);
    expect((await patch(later, {})).status).toBe(400);
    await call(`/api/sessions/${chat.id}/queue/${gone}`, { method: "DELETE" });
    const edits = (await chat.events()).filter(
      (event) => event.type === "queued" && event.state === "edited",
    );
    expect(edits).toMatchObject([{ id: now }, { id: later, steer: true, text: "say it steers now" }]);
    expect(edits[0]).not.toHaveProperty("steer");
    await answer(chat, "t1.s1.c00", "a");
    await ended(chat, 2);
    expect((await said(chat)).slice(1)).toEqual([
      { turn: 1, text: "say it steers now", steered: true },
      { turn: 2, text: "say it steers at first", steered: false },
    ]);
    expect((await patch(later, { steer: false })).status).toBe(404);
  });

  test("to a chat where nothing runs begins a turn; a turn that is stopped leaves it to the next", async ({
    expect,
  }) => {
    const chat = await aChat();
    await steer(chat, "ask Which? [a|b]");
    await chat.until("waiting");
    await steer(chat, "say after it");
    await call(`/api/sessions/${chat.id}/commands`, { body: { type: "cancel_turn" } });
    await ended(chat, 2);
    expect(await said(chat)).toEqual([
      { turn: 1, text: "ask Which? [a|b]", steered: false },
      { turn: 2, text: "say after it", steered: false },
    ]);
  });

  test("is said once, whenever the object is lost and however often it is sent (20 rounds)", async ({
    expect,
  }) => {
    const random = new Random(11);
    for (let round = 0; round < 20; round++) {
      const chat = await aChat();
      await chat.say("ask Which? [a|b]\nthen ask Sure? [a|b]\nthen slow 3");
      await chat.until("waiting");
      const id = newId("msg");
      const lose = async () => void (random.below(2) === 0 && (await abortAllDurableObjects()));
      const insist = async (act: () => Promise<Response>) =>
        vi.waitUntil(async () => (await act().catch(() => null))?.ok ?? false, {
          timeout: 10_000,
          interval: 5,
        });
      await Promise.all([insist(() => steer(chat, "steer me", id)), lose()]);
      await Promise.all([insist(() => answer(chat, "t1.s1.c00", "a")), lose()]);
      await insist(() => steer(chat, "steer me", id));
      await vi.waitUntil(async () => (await chat.items().catch(() => null))?.has("t1.s2.c00") ?? false, {
        timeout: 10_000,
      });
      await Promise.all([insist(() => answer(chat, "t1.s2.c00", "a")), lose()]);
      await insist(() => steer(chat, "steer me", id));
      await ended(chat, 1);
      expect(await said(chat)).toMatchObject([{ turn: 1 }, { turn: 1, text: "steer me", steered: true }]);
      const seqs = (await chat.events()).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      expect(await queueOf(chat)).toEqual([]);
    }
  });
});
