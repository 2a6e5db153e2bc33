import { abortAllDurableObjects, evictAllDurableObjects } from "cloudflare:test";
import { describe, test, vi } from "vitest";
import type { Approval } from "../../protocol/approvals.ts";
import type { CommandResult } from "../../protocol/commands.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { aChat, carryOut, decide, output } from "./support/chat.ts";
import { call, FakeDaemon } from "./support/edge.ts";

describe("a chat", () => {
  test("answers with the offline model, and says that it is offline", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("help");
    await chat.until("idle");
    expect(await chat.answer()).toMatch(/offline/i);
    const types = (await chat.events()).map((event) => event.type);
    expect(types).toContain("turn_started");
    expect(types).toContain("turn_completed");
  });

  test("parks a privileged call, runs it once it is allowed, and goes on by itself", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run git status");
    const [approval] = await chat.pending();
    expect(await chat.status()).toBe("waiting");
    expect(approval).toMatchObject({ tool: "run_command", scope: "execute", status: "pending" });
    expect((await chat.cards())[0]).toMatchObject({ state: "waiting", approval: approval?.id });
    if (approval === undefined) throw new Error("no approval");
    expect((await decide(approval, { decision: "allow" })).status).toBe(200);
    const command = await carryOut(chat.daemon, chat.id, output("nothing to commit"));
    expect(command.command).toMatchObject({
      type: "tool",
      tool: "run_command",
      input: { argv: ["git", "status"] },
      root: "/work",
    });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "completed", output: "nothing to commit" }]);
    expect(await chat.answer()).not.toBe("");
    const after = await (await call(`/api/approvals?session=${chat.id}`)).json<{ items: Approval[] }>();
    await vi.waitUntil(async () => {
      const { items } = await (await call(`/api/approvals?session=${chat.id}`)).json<{ items: Approval[] }>();
      return items[0]?.delivery === "applied";
    });
    expect(after.items).toHaveLength(1);
  });

  test("tells the model why a call was denied", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run rm -rf build");
    const [approval] = await chat.pending();
    if (approval === undefined) throw new Error("no approval");
    await decide(approval, { decision: "deny", message: "not today" });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([
      { state: "denied", error: "The person denied this and says: not today" },
    ]);
  });

  test("runs the input as the person changed it, and refuses one that the tool does not take", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("run rm -rf build");
    const [approval] = await chat.pending();
    if (approval === undefined) throw new Error("no approval");
    expect((await decide(approval, { decision: "allow", input: { argv: [] } })).status).toBe(400);
    await decide(approval, { decision: "allow", input: { argv: ["rm", "-r", "build"] } });
    const command = await carryOut(chat.daemon, chat.id, output(""));
    expect(command.command).toMatchObject({ input: { argv: ["rm", "-r", "build"] } });
    await chat.until("idle");
    const { items } = await (await call(`/api/approvals?session=${chat.id}`)).json<{ items: Approval[] }>();
    expect(items[0]).toMatchObject({
      input: JSON.stringify({ argv: ["rm", "-rf", "build"] }),
      edited_input: JSON.stringify({ argv: ["rm", "-r", "build"] }),
    });
  });

  test("a grant releases everything that waits for its scope, until it is revoked", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one\nrun echo two");
    const [first] = await chat.pending(2);
    if (first === undefined) throw new Error("no approval");
    await decide(first, { decision: "allow", scope: "session" });
    const sent = [await chat.daemon.command(), await chat.daemon.command()];
    for (const { id } of sent)
      await chat.daemon.tell({ kind: "result", id, session: chat.id, result: output("ran") });
    expect(sent.map(({ command }) => command)).toMatchObject([
      { input: { argv: ["echo", "one"] } },
      { input: { argv: ["echo", "two"] } },
    ]);
    await chat.until("idle");
    await chat.say("run echo three");
    await carryOut(chat.daemon, chat.id, output("3"));
    await chat.until("idle");
    const { items } = await (
      await call(`/api/sessions/${chat.id}/grants`)
    ).json<{ items: { id: string }[] }>();
    expect(items).toHaveLength(1);
    await call(`/api/sessions/${chat.id}/grants/${items[0]?.id}`, { method: "DELETE" });
    await chat.say("run echo four");
    expect(await chat.pending()).toHaveLength(1);
  });

  test("takes messages that came while a turn ran, in order; edited and removed ones as they are then", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const [approval] = await chat.pending();
    const ids: string[] = [];
    for (const text of ["say a", "say b", "say c"])
      ids.push((await (await chat.say(text)).json<{ id: string }>()).id);
    await call(`/api/sessions/${chat.id}/queue/${ids[0]}`, { method: "PATCH", body: { text: "say first" } });
    await call(`/api/sessions/${chat.id}/queue/${ids[1]}`, { method: "DELETE" });
    if (approval === undefined) throw new Error("no approval");
    await decide(approval, { decision: "deny" });
    await vi.waitUntil(
      async () => (await chat.events()).filter(({ type }) => type === "turn_completed").length === 3,
    );
    const said = (await chat.events()).flatMap((event) =>
      event.type === "item" && event.item.kind === "user_message" ? [event.item.text] : [],
    );
    expect(said).toEqual(["run echo one", "say first", "say c"]);
  });

  test("is cancelled while it waits: the approval is withdrawn", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const [approval] = await chat.pending();
    if (approval === undefined) throw new Error("no approval");
    await call(`/api/sessions/${chat.id}/commands`, { body: { type: "cancel_turn" } });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "cancelled" }]);
    expect((await decide(approval, { decision: "allow" })).status).toBe(409);
    await chat.say("say still here");
    await vi.waitUntil(async () => (await chat.answer()).includes("still here"));
  });

  test("asks a person and goes on with the answer", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("ask Which colour? [red|blue]");
    await chat.until("waiting");
    const [[question, item] = []] = [...(await chat.items())].filter(([, each]) => each.kind === "question");
    expect(item).toMatchObject({ options: ["red", "blue"], answer: null });
    await call(`/api/sessions/${chat.id}/commands`, { body: { type: "answer", question, text: "blue" } });
    await chat.until("idle");
    expect(await chat.answer()).toContain("blue");
  });

  test("shows a call whose fate cannot be known as indeterminate, and does not repeat it", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const [approval] = await chat.pending();
    if (approval === undefined) throw new Error("no approval");
    await decide(approval, { decision: "allow" });
    await carryOut(chat.daemon, chat.id, { status: "indeterminate", message: "The host died in between." });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "indeterminate" }]);
  });

  test("cannot be given a tool call by the API, around its approval", async ({ expect }) => {
    const chat = await aChat();
    const body = { type: "tool", tool: "run_command", input: { argv: ["id"] }, root: "/" };
    expect((await call(`/api/sessions/${chat.id}/commands`, { body })).status).toBe(400);
  });
});

describe("a turn with three calls, two of them privileged", () => {
  test(
    "ends, and runs each call at most once, whenever the objects are lost or evicted (30 rounds)",
    { timeout: 300_000 },
    async ({ expect }) => {
      const random = new Random(5);
      for (let round = 0; round < 30; round++) {
        const chat = await aChat();
        const ran: string[] = [];
        let daemon: FakeDaemon = chat.daemon;
        const serving = { over: false };
        const serve = async () => {
          const done = new Map<string, CommandResult>();
          while (!serving.over) {
            const frame = await Promise.race([
              daemon.command().catch(() => null),
              daemon.socket.closed.then(() => null),
            ]);
            if (frame === null) {
              if (serving.over) return;
              ({ daemon } = await FakeDaemon.connect(chat.token, daemon.epoch).catch(() => ({ daemon })));
              continue;
            }
            // As a daemon does: an id that has run is answered from the record.
            if (!done.has(frame.id)) {
              const input = frame.command.type === "tool" ? JSON.stringify(frame.command.input) : "";
              ran.push(input);
              done.set(frame.id, output(`ran ${input}`));
            }
            daemon.socket.send({
              type: "messages",
              messages: [
                {
                  seq: ++daemon.seq,
                  message: { kind: "result", id: frame.id, session: chat.id, result: done.get(frame.id) },
                },
              ],
            });
          }
        };
        const served = serve().catch(() => undefined);
        await chat.say("run echo a\nread notes.txt\nrun echo b").catch(() => undefined);
        let kills = 3;
        await vi.waitUntil(
          async () => {
            if (kills > 0 && random.below(4) === 0) {
              kills--;
              await random.pick([abortAllDurableObjects, evictAllDurableObjects])();
            }
            try {
              const { items } = await (
                await call(`/api/approvals?status=pending&session=${chat.id}`)
              ).json<{ items: Approval[] }>();
              for (const approval of items) await decide(approval, { decision: "allow" });
              const status = await chat.status();
              const ended = (await chat.events()).some(({ type }) => type === "turn_completed");
              return kills === 0 && ended && status === "idle";
            } catch {
              return false; // the object was lost under the question
            }
          },
          { timeout: 60_000, interval: 20 },
        );
        serving.over = true;
        daemon.socket.close();
        await served;
        const seqs = (await chat.events()).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, i) => i + 1));
        expect(new Set(ran).size).toBe(ran.length);
        expect((await chat.cards()).map(({ state }) => state)).toEqual([
          "completed",
          "completed",
          "completed",
        ]);
      }
    },
  );
});
