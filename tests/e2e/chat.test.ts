import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Approval } from "../../protocol/approvals.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { readLog } from "../support/readLog.ts";
import { Session } from "../../protocol/session.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const Hosts = z.object({ items: z.array(z.object({ id: z.string(), presence: z.string() })) });
const Approvals = z.object({ items: z.array(Approval) });
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

/** The cards of a chat as they ended up. */
async function cards(id: string) {
  const byId = new Map<string, SessionEvent & { type: "item" }>();
  for (const event of await readLog(signalbox, id)) if (event.type === "item") byId.set(event.id, event);
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
});
