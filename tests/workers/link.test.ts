import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import type { Host } from "../../protocol/host.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import type { Session } from "../../protocol/session.ts";
import { call, enrolHost, FACTS, FakeDaemon, INFO, open } from "./support/edge.ts";

type Page = { items: SessionEvent[]; head: number };
const notices = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({
    at: 1000 + i,
    event: { type: "notice", level: "info", message: `n${from + i}` } as const,
  }));

async function numbersOf(session: string): Promise<string[]> {
  const numbers: string[] = [];
  for (let after = 0; ;) {
    const page = await (await call(`/api/sessions/${session}/events?after=${after}&limit=1000`)).json<Page>();
    for (const event of page.items) if (event.type === "notice") numbers.push(event.message);
    after = page.items.at(-1)?.seq ?? page.head;
    if (after >= page.head) return numbers;
  }
}

/** Hangs up, and waits until the edge knows. */
async function leave(host: string, daemon: FakeDaemon): Promise<void> {
  daemon.socket.close();
  await vi.waitUntil(
    async () => (await (await call(`/api/hosts/${host}`)).json<Host>()).presence === "offline",
  );
}

describe("the link", () => {
  test("carries a session and its events to the log, each once, whatever is sent again", async ({
    expect,
  }) => {
    const { id, token } = await enrolHost();
    const { daemon, welcome } = await FakeDaemon.connect(token);
    expect(welcome).toMatchObject({ host: id, acked: 0, watching: [] });
    const session = newId("ses");
    await daemon.tellSession(session);
    await daemon.tell({ kind: "events", session, events: notices(1, 3) });
    // The same again, from a daemon that did not hear the ack, and more.
    const again = { seq: 2, message: { kind: "events", session, events: notices(1, 3) } };
    daemon.socket.send({ type: "messages", messages: [again] });
    await daemon.tell({ kind: "events", session, events: notices(4, 5) });
    expect(await numbersOf(session)).toEqual(["n1", "n2", "n3", "n4", "n5"]);
    const shown = await (await call(`/api/sessions/${session}`)).json<Session>();
    expect(shown).toMatchObject({ id: session, host: id, provider: "tmux", command: "bash", seq: 6 });
  });

  test("drops what a session has even when the host object forgot that it acked", async ({ expect }) => {
    const { token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    const session = newId("ses");
    await daemon.tellSession(session);
    await daemon.tell({ kind: "events", session, events: notices(1, 2) });
    const stub = env.SESSION.getByName(`main/${session}`);
    const message = { kind: "events", session, events: notices(1, 2) } as const;
    const host = (await (await call(`/api/sessions/${session}`)).json<Session>()).host ?? "";
    const again = JSON.stringify([{ seq: 2, message }]);
    await stub.ingest({ host, team: "main", epoch: daemon.epoch }, again);
    expect(await numbersOf(session)).toEqual(["n1", "n2"]);
  });

  test("takes a new journal's first messages as new, after the daemon was wiped", async ({ expect }) => {
    const { token } = await enrolHost();
    const first = await FakeDaemon.connect(token, "journal-one");
    const session = newId("ses");
    await first.daemon.tellSession(session);
    await first.daemon.tell({ kind: "events", session, events: notices(1, 1) });
    const second = await FakeDaemon.connect(token, "journal-two");
    expect(second.welcome.acked).toBe(0);
    await second.daemon.tellSession(session);
    await second.daemon.tell({ kind: "events", session, events: notices(2, 2) });
    expect(await numbersOf(session)).toEqual(["n1", "n2"]);
    expect((await FakeDaemon.connect(token, "journal-one")).welcome.acked).toBe(2);
  });

  test("closes a link whose messages have a hole, and takes nothing of them", async ({ expect }) => {
    const { token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    daemon.socket.send({ type: "messages", messages: [{ seq: 2, message: { kind: "host", info: INFO } }] });
    expect(await daemon.socket.closed).toMatchObject({ code: 4400, reason: "Expected message 1, got 2." });
    expect((await FakeDaemon.connect(token)).welcome.acked).toBe(0);
  });

  test("puts a message aside that it cannot read, and goes on with the next", async ({ expect }) => {
    const { token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    const session = newId("ses");
    daemon.socket.send({ type: "messages", messages: [{ seq: 1, message: { kind: "from the future" } }] });
    daemon.seq = 1;
    await daemon.tellSession(session);
    await daemon.tell({ kind: "events", session, events: notices(1, 1) });
    expect(await numbersOf(session)).toEqual(["n1"]);
  });

  test("lets a newer connection replace the older", async ({ expect }) => {
    const { token } = await enrolHost();
    const older = await FakeDaemon.connect(token);
    await FakeDaemon.connect(token);
    expect(await older.daemon.socket.closed).toMatchObject({ code: 4409 });
  });

  test("refuses a wrong token, no token, and another host's session", async ({ expect }) => {
    const mine = await enrolHost("mine");
    const theirs = await enrolHost("theirs");
    expect(await (await open("/api/link", mine.token.replace(/.$/, "_"))).closed).toMatchObject({
      code: 4401,
    });
    expect(await (await open("/api/link", null)).closed).toMatchObject({ code: 4401 });
    const session = newId("ses");
    await (await FakeDaemon.connect(mine.token)).daemon.tellSession(session);
    const other = await FakeDaemon.connect(theirs.token);
    await other.daemon.tell({ kind: "events", session, events: notices(1, 1) });
    expect(await numbersOf(session)).toEqual([]);
    expect(await (await open(`/api/link/console/${session}`, theirs.token)).closed).toMatchObject({
      code: 4403,
    });
  });

  test("survives losing every object in the middle", async ({ expect }) => {
    const { token } = await enrolHost();
    const session = newId("ses");
    let { daemon } = await FakeDaemon.connect(token);
    await daemon.tellSession(session);
    for (let round = 0; round < 5; round++) {
      daemon.socket.send({
        type: "messages",
        messages: [
          {
            seq: daemon.seq + 1,
            message: { kind: "events", session, events: notices(round + 1, round + 1) },
          },
        ],
      });
      if (round % 2 === 0) await daemon.socket.until("ack");
      await abortAllDurableObjects();
      ({ daemon } = await FakeDaemon.connect(token));
      // What was not acked is sent again, as a daemon does.
      if (daemon.seq === round + 1)
        await daemon.tell({ kind: "events", session, events: notices(round + 1, round + 1) });
    }
    expect(await numbersOf(session)).toEqual(["n1", "n2", "n3", "n4", "n5"]);
  });
});

describe("commands", () => {
  async function ready() {
    const { id, token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    const session = newId("ses");
    await daemon.tellSession(session);
    return { id, token, daemon, session };
  }

  test("reach the host once, and their result reaches the caller and the log", async ({ expect }) => {
    const { daemon, session } = await ready();
    const id = newId("cmd");
    const body = { id, type: "send_keys", keys: ["C-c"], wait_ms: 5_000 };
    const answered = call(`/api/sessions/${session}/commands`, { body });
    const command = await daemon.command();
    expect(command).toMatchObject({ id, session, command: { type: "send_keys", keys: ["C-c"] } });
    await daemon.tell({
      kind: "result",
      id,
      session,
      result: { status: "done", value: { type: "nothing" } },
    });
    expect(await (await answered).json()).toMatchObject({ id, status: "done" });
    // The same request again is answered from what is known, and nothing is sent.
    expect(await (await call(`/api/sessions/${session}/commands`, { body })).json()).toMatchObject({
      status: "done",
    });
    // A result that comes twice changes nothing.
    await daemon.tell({
      kind: "result",
      id,
      session,
      result: { status: "failed", code: "x", message: "late" },
    });
    const { items } = await (await call(`/api/sessions/${session}/events`)).json<Page>();
    expect(items.map((event) => event.type)).toEqual(["created", "command", "command_result"]);
  });

  test("wait for a host that is away, in order, and are sent again until there is a result", async ({
    expect,
  }) => {
    const { id: host, daemon, session, token } = await ready();
    await leave(host, daemon);
    const ids = [newId("cmd"), newId("cmd", Date.now() + 1)];
    for (const id of ids)
      expect(
        await (await call(`/api/sessions/${session}/commands`, { body: { id, type: "interrupt" } })).json(),
      ).toMatchObject({ status: "queued" });
    const back = await FakeDaemon.connect(token);
    expect([(await back.daemon.command()).id, (await back.daemon.command()).id]).toEqual(ids);
    const again = await FakeDaemon.connect(token);
    expect((await again.daemon.command()).id).toBe(ids[0]);
  });

  test("expire when the host does not come back in time, and then never run", async ({ expect }) => {
    const { id: host, daemon, session, token } = await ready();
    await leave(host, daemon);
    const id = newId("cmd");
    const body = { id, type: "interrupt", expires_in_ms: 1 };
    await call(`/api/sessions/${session}/commands`, { body });
    const answer = await call(`/api/sessions/${session}/commands`, { body: { ...body, wait_ms: 10_000 } });
    expect(await answer.json()).toMatchObject({ status: "expired" });
    const back = await FakeDaemon.connect(token);
    const later = newId("cmd");
    await call(`/api/sessions/${session}/commands`, { body: { id: later, type: "interrupt" } });
    expect((await back.daemon.command()).id).toBe(later);
  });

  test("can be taken back before they leave", async ({ expect }) => {
    const { id: host, daemon, session, token } = await ready();
    await leave(host, daemon);
    const id = newId("cmd");
    await call(`/api/sessions/${session}/commands`, { body: { id, type: "interrupt" } });
    const taken = await call(`/api/sessions/${session}/commands/${id}`, { method: "DELETE" });
    expect(await taken.json()).toMatchObject({ status: "cancelled" });
    const later = newId("cmd");
    await call(`/api/sessions/${session}/commands`, { body: { id: later, type: "interrupt" } });
    const back = await FakeDaemon.connect(token);
    expect((await back.daemon.command()).id).toBe(later);
  });

  test("a failed start ends the session with what went wrong", async ({ expect }) => {
    const { id: host, daemon } = await ready();
    const created = await call("/api/sessions", { body: { provider: "tmux", host, cwd: "/nowhere" } });
    expect(created.status).toBe(201);
    const session = await created.json<Session>();
    const command = await daemon.command();
    expect(command).toMatchObject({ session: session.id, command: { type: "spawn", cwd: "/nowhere" } });
    const result = {
      status: "failed",
      code: "no_directory",
      message: "/nowhere is not a directory.",
    } as const;
    await daemon.tell({ kind: "result", id: command.id, session: session.id, result });
    const shown = await (await call(`/api/sessions/${session.id}`)).json<Session>();
    expect(shown).toMatchObject({ status: "trouble", status_reason: "/nowhere is not a directory." });
    expect(shown.ended_at).not.toBeNull();
    const refused = await call(`/api/sessions/${session.id}/commands`, { body: { type: "interrupt" } });
    expect(refused.status).toBe(409);
  });

  test("still reach a host object that was evicted", async ({ expect }) => {
    const { id: host, daemon, session } = await ready();
    await evictDurableObject(env.HOST.getByName(`main/${host}`));
    const id = newId("cmd");
    await call(`/api/sessions/${session}/commands`, { body: { id, type: "interrupt" } });
    expect((await daemon.command()).id).toBe(id);
  });

  test("facts change the session without an event", async ({ expect }) => {
    const { daemon, session } = await ready();
    await daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "make: done" } });
    expect(await (await call(`/api/sessions/${session}`)).json()).toMatchObject({
      preview: "make: done",
      seq: 1,
    });
  });
});
