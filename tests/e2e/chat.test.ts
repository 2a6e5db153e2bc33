import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Approval } from "../../protocol/approvals.ts";
import { AnyEvent, readEvent, type SessionEvent } from "../../protocol/events.ts";
import { Session } from "../../protocol/session.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { Follower } from "../support/Follower.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const Hosts = z.object({ items: z.array(z.object({ id: z.string(), presence: z.string() })) });
const Approvals = z.object({ items: z.array(Approval) });
const Events = z.object({ items: z.array(AnyEvent) });
let signalbox: Signalbox;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  await signalbox.run("git", ["init", "-q", "-b", "main", signalbox.work]);
});
afterAll(() => signalbox?.stop());

async function aChat(): Promise<string> {
  const host = await until("an online host", async () => {
    const { items } = await signalbox.api(Hosts, "/api/hosts");
    return items.find(({ presence }) => presence === "online")?.id;
  });
  const body = { provider: "edge", host, cwd: signalbox.work };
  return (await signalbox.api(Session, "/api/sessions", { body })).id;
}

const say = (id: string, text: string) =>
  signalbox.api(z.unknown(), `/api/sessions/${id}/messages`, { body: { text } });
const session = (id: string) => signalbox.api(Session, `/api/sessions/${id}`);
const pending = async (id: string) =>
  (await signalbox.api(Approvals, `/api/approvals?status=pending&session=${id}`)).items;
const decide = (approval: Approval, decision: object) =>
  signalbox.api(z.unknown(), `/api/approvals/${approval.id}/decision`, { body: decision });

async function log(id: string): Promise<SessionEvent[]> {
  const { items } = await signalbox.api(Events, `/api/sessions/${id}/events?after=0&limit=1000`);
  return items.flatMap((raw) => readEvent(raw) ?? []);
}

/** The cards of a chat as they ended up. */
async function cards(id: string) {
  const byId = new Map<string, SessionEvent & { type: "item" }>();
  for (const event of await log(id)) if (event.type === "item") byId.set(event.id, event);
  return [...byId.values()].flatMap(({ item }) => (item.kind === "call" ? [item] : []));
}

describe("a chat on a real host", () => {
  test("runs git status once it is allowed, and answers", async ({ expect }) => {
    const id = await aChat();
    await say(id, "run git status");
    const [approval] = await until("the approval", async () => {
      const items = await pending(id);
      return items.length === 1 ? items : null;
    });
    if (approval === undefined) throw new Error("no approval");
    await decide(approval, { decision: "allow" });
    await until("the answer", async () => (await session(id)).status === "idle");
    expect(await cards(id)).toMatchObject([
      { tool: "run_command", state: "completed", output: expect.stringContaining("No commits yet") },
    ]);
  });

  test("reads and writes files inside the workspace, and nothing outside", async ({ expect }) => {
    const id = await aChat();
    writeFileSync(join(signalbox.work, "notes.txt"), "first line\n");
    await say(id, "read notes.txt\nread /etc/passwd\nread ../home/owner-token");
    await until("the answer", async () => (await session(id)).status === "idle");
    const [inside, absolute, above] = await cards(id);
    expect(inside).toMatchObject({ state: "completed", output: expect.stringContaining("first line") });
    expect([absolute?.state, above?.state]).toEqual(["failed", "failed"]);
  });

  test(
    "ends its turn and runs each call at most once while daemon and edge are killed (12 times)",
    { timeout: 300_000 },
    async ({ expect }) => {
      const random = new Random(3);
      for (let round = 0; round < 6; round++) {
        const id = await aChat();
        const follower = new Follower(signalbox.url, id, signalbox.token);
        const trail = join(signalbox.work, `trail-${round}`);
        writeFileSync(trail, "");
        const append = (word: string) => `run node -e "require('fs').appendFileSync('${trail}','${word} ')"`;
        await say(id, `${append("one")}\nlist\n${append("two")}`);
        let kills = 2;
        await until(
          "the turn to end",
          async () => {
            if (kills > 0 && random.below(3) === 0) {
              kills--;
              await signalbox.kill(random.pick(["agent", "edge"]));
            }
            for (const approval of await pending(id))
              await decide(approval, { decision: "allow" }).catch(() => undefined);
            const ended = (await log(id)).some(({ type }) => type === "turn_completed");
            return kills === 0 && ended;
          },
          120_000,
        );
        const states = (await cards(id)).map(({ state }) => state);
        for (const state of states) expect(["completed", "indeterminate"]).toContain(state);
        const ran = readFileSync(trail, "utf8").trim().split(" ").filter(Boolean);
        expect(new Set(ran).size).toBe(ran.length);
        const whole = await log(id);
        expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, i) => i + 1));
        await until("the follower to have it all", () => follower.events.at(-1)?.seq === whole.at(-1)?.seq);
        expect(follower.problem).toBeNull();
        follower.stop();
      }
    },
  );
});
