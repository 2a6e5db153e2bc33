import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { CommandAnswer } from "../../protocol/api.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import type { Host } from "../../protocol/host.ts";
import { newId } from "../../protocol/ids.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { Session } from "../../protocol/session.ts";
import { call, enrolHost, FakeDaemon } from "./support/edge.ts";
import { query, runAlarms, without } from "./support/faults.ts";

async function ready() {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token);
  const session = newId("ses");
  await daemon.tellSession(session);
  const objects = {
    host: env.HOST.getByName(`main/${host}`),
    session: env.SESSION.getByName(`main/${session}`),
  };
  return { host, token, daemon, session, objects };
}

async function leave(host: string, daemon: FakeDaemon): Promise<void> {
  daemon.socket.close();
  await vi.waitUntil(
    async () => (await (await call(`/api/hosts/${host}`)).json<Host>()).presence === "offline",
  );
}

const post = async (session: string, body: object) =>
  (await call(`/api/sessions/${session}/commands`, { body })).json<CommandAnswer>();
const cancel = (session: string, id: string) =>
  call(`/api/sessions/${session}/commands/${id}`, { method: "DELETE" });
const status = async (session: string, id: string) =>
  (await (await call(`/api/sessions/${session}/commands/${id}`)).json<CommandAnswer>()).status;
/** The ids of the commands that come before a marker that is sent now. */
async function arrivals(daemon: FakeDaemon, session: string): Promise<string[]> {
  const marker = newId("cmd");
  await post(session, { id: marker, type: "interrupt" });
  const ids: string[] = [];
  for (;;) {
    const { id } = await daemon.command();
    if (id === marker) return ids;
    ids.push(id);
  }
}

describe("a command whose host object cannot be reached", () => {
  test("is delivered later, exactly once", async ({ expect }) => {
    const { daemon, session, objects } = await ready();
    const id = newId("cmd");
    await without(objects.session, ["HOST"], async () => {
      expect(await post(session, { id, type: "interrupt" })).toMatchObject({ status: "queued" });
    });
    await runAlarms(objects.session);
    await runAlarms(objects.session);
    expect(await arrivals(daemon, session)).toEqual([id]);
  });

  test("can be taken back, and a copy that still was on its way is not run", async ({ expect }) => {
    const { daemon, session, objects } = await ready();
    const id = newId("cmd");
    await without(objects.session, ["HOST"], () =>
      post(session, { id, type: "interrupt" }).then(() => undefined),
    );
    expect(await (await cancel(session, id)).json()).toMatchObject({ status: "cancelled" });
    const late = { id, session, command: { type: "interrupt" }, expires_at: Date.now() + 60_000 } as const;
    expect(await objects.host.enqueue(late)).toEqual({ status: "cancelled" });
    await runAlarms(objects.session);
    expect(await arrivals(daemon, session)).toEqual([]);
  });

  test("keeps its place before later ones", async ({ expect }) => {
    const { daemon, session, objects } = await ready();
    // Their ids sort the other way round.
    const ids = [newId("cmd", 2), newId("cmd", 1), newId("cmd", 0)];
    await without(objects.session, ["HOST"], async () => {
      for (const id of ids) await post(session, { id, type: "interrupt" });
    });
    await runAlarms(objects.session);
    expect(await arrivals(daemon, session)).toEqual(ids);
  });
});

describe("taking a command back", () => {
  test("that the daemon has reaches the daemon as a frame it can read", async ({ expect }) => {
    const { daemon, session } = await ready();
    const id = newId("cmd");
    await post(session, { id, type: "interrupt" });
    await daemon.command();
    const asked = cancel(session, id);
    const frame = await daemon.socket.until<Extract<LinkServerFrame, { type: "cancel" }>>("cancel");
    expect(frame).toEqual({ type: "cancel", id, session });
    await daemon.tell({ kind: "result", id, session, result: { status: "cancelled" } });
    expect(await (await asked).json()).toMatchObject({ status: "cancelled" });
  });

  test("ends it even when the session dies between the host object's answer and its own note", async ({
    expect,
  }) => {
    const { host, daemon, session, token, objects } = await ready();
    await leave(host, daemon);
    const id = newId("cmd");
    await post(session, { id, type: "interrupt" });
    expect(await objects.host.cancel(id, session)).toBe(true);
    expect(await status(session, id)).toBe("queued");
    await query(objects.host, "UPDATE command SET expires_at = 0");
    await runAlarms(objects.host);
    expect(await status(session, id)).toBe("cancelled");
    const back = await FakeDaemon.connect(token);
    expect(await arrivals(back.daemon, session)).toEqual([]);
  });
});

describe("the ledger of commands", () => {
  test("keeps one that waits longer than ended ones are remembered", async ({ expect }) => {
    const { host, daemon, session, token, objects } = await ready();
    await leave(host, daemon);
    const [old, other] = [newId("cmd"), newId("cmd")];
    const thirtyDays = 30 * 24 * 60 * 60 * 1000;
    await post(session, { id: old, type: "interrupt", expires_in_ms: thirtyDays });
    await query(objects.session, "UPDATE command SET created_at = ?", Date.now() - thirtyDays + 60_000);
    await post(session, { id: other, type: "interrupt" });
    await cancel(session, other);
    expect(await status(session, old)).toBe("queued");
    const { daemon: back } = await FakeDaemon.connect(token);
    const result = { status: "done", value: { type: "nothing" } } as const;
    await back.tell({ kind: "result", id: old, session, result });
    expect(await status(session, old)).toBe("done"); // and a repeated request is answered, not run again
  });

  test("is not emptied by a result that the session refused", async ({ expect }) => {
    const { host, daemon, session, token } = await ready();
    const id = newId("cmd");
    await post(session, { id, type: "interrupt" });
    await daemon.command();
    const elsewhere = newId("ses");
    await daemon.tell({ kind: "result", id, session: elsewhere, result: { status: "cancelled" } });
    await leave(host, daemon);
    const back = await FakeDaemon.connect(token);
    expect((await back.daemon.command()).id).toBe(id);
  });

  test("refuses an id that another session's command has, instead of waiting for ever", async ({
    expect,
  }) => {
    const { daemon, session } = await ready();
    const second = newId("ses");
    await daemon.tellSession(second);
    const id = newId("cmd");
    await post(session, { id, type: "interrupt" });
    expect(await post(second, { id, type: "interrupt" })).toMatchObject({
      status: "failed",
      result: { code: "id_in_use" },
    });
    expect(await status(session, id)).toBe("queued");
  });

  test("lets the link open whatever an older version left in it, and ends it", async ({ expect }) => {
    const { host, daemon, session, token, objects } = await ready();
    await leave(host, daemon);
    const id = newId("cmd");
    await post(session, { id, type: "interrupt" });
    await query(objects.host, `UPDATE command SET json = '{"type":"of the past"}'`);
    await query(objects.session, `UPDATE command SET json = '{"command":{"type":"of the past"}}'`);
    const { daemon: back } = await FakeDaemon.connect(token);
    expect(await back.command()).toMatchObject({ id, command: { type: "of the past" } });
    const result = { status: "failed", code: "not_supported", message: "unknown" } as const;
    await back.tell({ kind: "result", id, session, result });
    expect(await status(session, id)).toBe("failed");
  });

  test("of a host that is away is bounded", async ({ expect }) => {
    const { host, daemon, session, objects } = await ready();
    await leave(host, daemon);
    await query(
      objects.host,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
       INSERT INTO command (id, position, session, json, expires_at)
       SELECT 'cmd_' || i, i, ?, '{"type":"interrupt"}', 9e12 FROM n`,
      session,
    );
    expect(await post(session, { type: "interrupt" })).toMatchObject({
      status: "failed",
      result: { code: "too_many_waiting" },
    });
  });

  test("takes a message only once by its id, and no expiry beyond the longest", async ({ expect }) => {
    const { daemon, session } = await ready();
    const body = { text: "hello", id: newId("cmd") };
    for (let i = 0; i < 2; i++) await call(`/api/sessions/${session}/messages`, { body });
    expect(await arrivals(daemon, session)).toEqual([body.id]);
    const endless = { text: "hello", expires_in_ms: Number.MAX_SAFE_INTEGER };
    expect((await call(`/api/sessions/${session}/messages`, { body: endless })).status).toBe(400);
  });
});

describe("removing a host", () => {
  test("ends a command that comes afterwards, and one the host object did not have yet", async ({
    expect,
  }) => {
    const { host, session, objects } = await ready();
    const [unsent, later] = [newId("cmd"), newId("cmd")];
    await without(objects.session, ["HOST"], () =>
      post(session, { id: unsent, type: "interrupt" }).then(() => undefined),
    );
    await call(`/api/hosts/${host}`, { method: "DELETE" });
    await runAlarms(objects.session);
    expect(await status(session, unsent)).toBe("failed");
    const command = { type: "interrupt" } as const;
    expect(await objects.host.enqueue({ id: later, session, command, expires_at: 9e12 })).toMatchObject({
      status: "failed",
      code: "host_removed",
    });
  });

  test("is finished by the alarm when it stopped half way", async ({ expect }) => {
    const { host, daemon, session, objects } = await ready();
    await vi.waitUntil(async () => {
      const { items } = await (await call(`/api/sessions?host=${host}`)).json<{ items: Session[] }>();
      return items.length === 1;
    });
    const id = newId("cmd");
    await post(session, { id, type: "interrupt" });
    await daemon.command();
    await without(objects.host, ["SESSION"], async () => {
      expect((await call(`/api/hosts/${host}`, { method: "DELETE" })).status).toBe(204);
    });
    expect((await call(`/api/hosts/${host}`)).status).toBe(404);
    expect(await status(session, id)).toBe("queued");
    await runAlarms(objects.host);
    expect(await status(session, id)).toBe("indeterminate");
    expect(await (await call(`/api/sessions/${session}`)).json()).toMatchObject({ status: "trouble" });
  });
});

describe("deleting a session", () => {
  test("takes back what waits for its host", async ({ expect }) => {
    const { host, daemon, session, token, objects } = await ready();
    const exit = { code: 0, signal: null, message: null };
    const ended = { at: 5, event: { type: "ended", status: "done", exit } as const };
    await daemon.tell({ kind: "events", session, events: [ended] });
    await leave(host, daemon);
    expect(await post(session, { type: "remove_worktree" })).toMatchObject({ status: "queued" });
    expect((await call(`/api/sessions/${session}`, { method: "DELETE" })).status).toBe(204);
    expect(await query(objects.session, "SELECT * FROM command")).toEqual([]);
    const back = await FakeDaemon.connect(token);
    const other = newId("ses");
    await back.daemon.tellSession(other);
    expect(await arrivals(back.daemon, other)).toEqual([]);
  });
});

test("renaming to the same title twice is one event", async ({ expect }) => {
  const { session } = await ready();
  for (let i = 0; i < 2; i++) await post(session, { type: "rename", title: "mine" });
  const { items } = await (await call(`/api/sessions/${session}/events`)).json<{ items: SessionEvent[] }>();
  expect(items.map(({ type }) => type)).toEqual(["created", "renamed"]);
});
