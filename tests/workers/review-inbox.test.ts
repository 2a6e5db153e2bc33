import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import { EventLog } from "../../durable-objects/session/EventLog.ts";
import migrations from "../../durable-objects/session/migrations/migrations.js";
import { SessionStore } from "../../durable-objects/session/SessionStore.ts";
import { SpanTexts } from "../../durable-objects/session/traces/SpanTexts.ts";
import { Traces } from "../../durable-objects/session/traces/Traces.ts";
import { openDatabase } from "../../durable-objects/shared/database.ts";
import { Publisher } from "../../durable-objects/shared/Publisher.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { Session } from "../../protocol/session.ts";
import { call, enrolHost, FACTS, FakeDaemon } from "./support/edge.ts";
import { query, runAlarms, without } from "./support/faults.ts";

const notice = (message: string) => ({ at: 1, event: { type: "notice", level: "info", message } as const });

async function ready() {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token);
  const session = newId("ses");
  await daemon.tellSession(session);
  return { host, token, daemon, session };
}

type Page = { items: SessionEvent[]; next_cursor: string | null };
const events = async (session: string, search = "") =>
  (await call(`/api/sessions/${session}/events?limit=1000${search}`)).json<Page>();
const messages = ({ items }: Page) =>
  items.flatMap((event) => (event.type === "notice" ? [event.message.slice(0, 20)] : []));

describe("the inbox", () => {
  test(
    "loses nothing in an outage, however often the daemon tries",
    { timeout: 20_000 },
    async ({ expect }) => {
      const { host, token, daemon, session } = await ready();
      const message: DaemonMessage = { kind: "events", session, events: [notice("kept")] };
      const raw = { type: "messages", messages: [{ seq: daemon.seq + 1, message }] };
      const stub = env.HOST.getByName(`main/${host}`);
      let { socket } = daemon;
      await without(stub, ["SESSION"], async () => {
        for (let i = 0; i < 8; i++) {
          socket.send(raw);
          expect(await socket.closed).toMatchObject({ code: 4500 });
          socket = (await FakeDaemon.connect(token)).daemon.socket;
        }
      });
      socket.send(raw);
      expect(await socket.until("ack")).toMatchObject({ seq: daemon.seq + 1 });
      expect(messages(await events(session))).toEqual(["kept"]);
    },
  );

  test("puts only the failing owner's messages aside, once it has failed for long", async ({ expect }) => {
    const { host, token, daemon, session } = await ready();
    const stub = env.HOST.getByName(`main/${host}`);
    const own = [{ socket: "default", pane: "%1", tmux_session: "a", command: "b", cwd: "/", title: "c" }];
    const raw = {
      type: "messages",
      messages: [
        { seq: daemon.seq + 1, message: { kind: "events", session, events: [notice("stuck")] } },
        { seq: daemon.seq + 2, message: { kind: "unadopted", panes: own } },
      ],
    };
    let { socket } = daemon;
    await without(stub, ["SESSION"], async () => {
      for (let i = 0; i < 5; i++) {
        socket.send(raw);
        expect(await socket.closed).toMatchObject({ code: 4500 });
        socket = (await FakeDaemon.connect(token)).daemon.socket;
      }
      await query(stub, "UPDATE journal SET stuck_since = 1");
      socket.send(raw);
      expect(await socket.until("ack")).toMatchObject({ seq: daemon.seq + 2 });
    });
    expect(await query(stub, "SELECT seq FROM reject")).toEqual([{ seq: daemon.seq + 1 }]);
    expect(await (await call(`/api/hosts/${host}/panes`)).json()).toEqual({ items: own });
  });

  test("forgets nothing that was rolled back: the same word again is taken", async ({ expect }) => {
    const { host, daemon, token } = await ready();
    const stub = env.HOST.getByName(`main/${host}`);
    const pane = { socket: "default", pane: "%1", tmux_session: "a", command: "b", cwd: "/", title: "c" };
    const raw = {
      type: "messages",
      messages: [{ seq: daemon.seq + 1, message: { kind: "unadopted", panes: [pane] } }],
    };
    await query(stub, "ALTER TABLE outbox RENAME TO hidden");
    daemon.socket.send(raw);
    expect(await daemon.socket.closed).toMatchObject({ code: 4500 });
    await query(stub, "ALTER TABLE hidden RENAME TO outbox");
    const { daemon: back } = await FakeDaemon.connect(token);
    back.socket.send(raw);
    await back.socket.until("ack");
    expect(await query(stub, "SELECT json FROM host")).toMatchObject([
      { json: expect.stringContaining('"unadopted_panes":1') },
    ]);
  });
});

describe("the log", () => {
  test("takes a batch that is larger than a row can be", async ({ expect }) => {
    const { daemon, session } = await ready();
    // A frame of almost a million characters that are three bytes each.
    const batch = Array.from({ length: 5 }, (_, i) => notice(`n${i}`.padEnd(20) + "漢".repeat(190_000)));
    await daemon.tell({ kind: "events", session, events: batch });
    expect(messages(await events(session)).map((each) => each.trim())).toEqual([
      "n0",
      "n1",
      "n2",
      "n3",
      "n4",
    ]);
    const rows = await query(
      env.SESSION.getByName(`main/${session}`),
      "SELECT length(CAST(body AS BLOB)) AS bytes FROM chunk",
    );
    for (const { bytes } of rows) expect(bytes).toBeLessThan(2_000_000);
  });

  test("pages by size too, in both directions, and misses nothing", async ({ expect }) => {
    const { daemon, session } = await ready();
    for (let i = 0; i < 20; i++)
      await daemon.tell({ kind: "events", session, events: [notice(`n${i}`.padEnd(200_000))] });
    const forwards: number[] = [];
    for (let after: string | null = "0"; after !== null;) {
      const page: Page = await events(session, `&after=${after}`);
      expect(JSON.stringify(page).length).toBeLessThan(3_000_000);
      forwards.push(...page.items.map(({ seq }) => seq));
      after = page.next_cursor;
    }
    const backwards: number[] = [];
    for (let before: string | null = "22"; before !== null;) {
      const page: Page = await events(session, `&before=${before}`);
      expect(JSON.stringify(page).length).toBeLessThan(3_000_000);
      backwards.unshift(...page.items.map(({ seq }) => seq));
      before = page.next_cursor;
    }
    const all = Array.from({ length: 21 }, (_, i) => i + 1);
    expect(forwards).toEqual(all);
    expect(backwards).toEqual(all);
  });
});

describe("what was published", () => {
  const inIndex = async (session: string) =>
    (await env.DB.prepare("SELECT json FROM session WHERE id = ?").bind(session).first<{ json: string }>())
      ?.json;
  const inHub = async (session: string) =>
    (
      await query(
        env.HUB.getByName("main"),
        "SELECT json, removed FROM item WHERE key = ?",
        `session:${session}`,
      )
    )[0];

  for (const away of ["HUB", "DB"] as const)
    test(`arrives later when ${away} was away`, async ({ expect }) => {
      const { daemon, session } = await ready();
      const stub = env.SESSION.getByName(`main/${session}`);
      await without(stub, [away], async () => {
        await daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "first" } });
        await daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "second" } });
        await runAlarms(stub);
        expect(JSON.stringify(await inHub(session)) ?? "").not.toContain("second");
      });
      const again = "SELECT name FROM alarm WHERE name = 'publish'";
      expect(await query(stub, again)).toHaveLength(1);
      await runAlarms(stub);
      expect(await query(stub, again)).toEqual([]);
      expect(await inIndex(session)).toContain("second");
      expect(JSON.stringify(await inHub(session))).toContain("second");
    });

  test("arrives by itself when D1's table was gone for a while", { timeout: 20_000 }, async ({ expect }) => {
    const { daemon, session } = await ready();
    await vi.waitUntil(async () => (await inIndex(session)) !== undefined);
    const logged = vi.spyOn(console, "error");
    await env.DB.exec("ALTER TABLE session RENAME TO session_hidden");
    await daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "kept" } });
    await vi.waitUntil(() => logged.mock.calls.some(([line]) => String(line).includes(session)));
    await env.DB.exec("ALTER TABLE session_hidden RENAME TO session");
    logged.mockRestore();
    await vi.waitUntil(async () => JSON.stringify(await inHub(session))?.includes("kept"), 15_000);
    expect(await inIndex(session)).toContain("kept");
  });

  test("of a deleted session goes, even when D1 was away, and does not come back", async ({ expect }) => {
    const { daemon, session } = await ready();
    const stub = env.SESSION.getByName(`main/${session}`);
    const exit = { code: 0, signal: null, message: null };
    const ended = { at: 5, event: { type: "ended", status: "done", exit } as const };
    await vi.waitUntil(async () => (await inIndex(session)) !== undefined);
    await without(stub, ["DB"], async () => {
      await daemon.tell({ kind: "events", session, events: [ended] });
      expect((await call(`/api/sessions/${session}`, { method: "DELETE" })).status).toBe(204);
    });
    expect((await call(`/api/sessions/${session}`)).status).toBe(404);
    expect(await inIndex(session)).toBeDefined();
    await runAlarms(stub);
    expect(await inIndex(session)).toBeUndefined();
    expect(await inHub(session)).toMatchObject({ removed: 1 });
    expect(await query(stub, "SELECT * FROM chunk")).toEqual([]);
  });

  test("is never followed by an older version that was being tried again", async ({ expect }) => {
    const stub = env.SESSION.getByName(`main/${newId("ses")}`);
    await runInDurableObject(stub, async (_, ctx) => {
      const db = openDatabase(ctx, migrations);
      const delivered: string[] = [];
      let answer = (): Promise<void> => Promise.reject(new Error("away for the test"));
      const publisher = new Publisher({
        db,
        retryAt: () => undefined,
        deliver: async (rows) => {
          await answer();
          delivered.push(...rows.map(({ key, version }) => `${key}.${version}`));
        },
      });
      for (const key of ["a", "b"]) publisher.put({ key, version: 1, body: "{}" });
      await publisher.drain();
      expect(delivered).toEqual([]);
      const { promise, resolve } = Promise.withResolvers<void>();
      answer = () => promise;
      const retried = publisher.retry();
      await new Promise((later) => setTimeout(later)); // the first is on its way
      publisher.put({ key: "a", version: 2, body: "{}" });
      publisher.put({ key: "b", version: 2, body: "{}" });
      answer = () => Promise.resolve();
      const drained = publisher.drain();
      await new Promise((later) => setTimeout(later));
      resolve();
      await Promise.all([retried, drained]);
      expect(delivered).toEqual(["a.1", "a.2", "b.2"]);
    });
  });

  test("of what stands is its newest version: gathered, at once, after a failure, after a wake", async ({
    expect,
  }) => {
    const stub = env.SESSION.getByName(`main/${newId("ses")}`);
    await runInDurableObject(stub, async (_, ctx) => {
      const db = openDatabase(ctx, migrations);
      const delivered: string[] = [];
      const armed: number[] = [];
      let version = 0;
      let away = false;
      const wake = () =>
        new Publisher({
          db,
          retryAt: (at) => armed.push(at),
          deliver: async (rows) => {
            if (away) throw new Error("away for the test");
            delivered.push(...rows.map((row) => `${row.key}.${row.version}`));
          },
          standing: () => ({ key: "it", version, body: "{}" }),
        });
      const publisher = wake();
      const change = (urgency: "now" | "soon") => {
        version++;
        publisher.changed(urgency);
        return publisher.publish();
      };
      await Promise.all([change("soon"), change("soon"), change("soon")]);
      expect(delivered).toEqual(["it.3"]);
      const soon = change("soon");
      await change("now");
      expect(delivered).toEqual(["it.3", "it.5"]);
      await soon;
      away = true;
      await change("now");
      await expect(publisher.retry()).rejects.toThrow("1 rows are not published yet.");
      away = false;
      await publisher.retry();
      expect(delivered).toEqual(["it.3", "it.5", "it.6"]);
      expect(armed).toHaveLength(6);
      // An object that dies before it delivers: whoever comes after it delivers, by the alarm that was armed.
      version++;
      publisher.changed("soon");
      await wake().retry();
      expect(delivered.at(-1)).toBe("it.7");
      expect(ctx.storage.sql.exec("SELECT * FROM outbox").toArray()).toEqual([]);
    });
  });

  test("stays deleted when facts come in the middle of the deletion", async ({ expect }) => {
    const { daemon, session } = await ready();
    const stub = env.SESSION.getByName(`main/${session}`);
    const exit = { code: 0, signal: null, message: null };
    const ended = { at: 5, event: { type: "ended", status: "done", exit } as const };
    await daemon.tell({ kind: "events", session, events: [ended] });
    const told = Array.from({ length: 20 }, (_, i) =>
      daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: `late ${i}` } }),
    );
    await call(`/api/sessions/${session}`, { method: "DELETE" });
    await Promise.race([Promise.all(told), new Promise((resolve) => setTimeout(resolve, 500))]);
    await vi.waitUntil(async () => (await query(stub, "SELECT key FROM outbox")).length === 0, 10_000);
    expect(await inIndex(session)).toBeUndefined();
  });
});

test(
  "an owner that hangs holds up its link no longer than it may",
  { timeout: 30_000 },
  async ({ expect }) => {
    const { host, token, daemon, session } = await ready();
    const message: DaemonMessage = { kind: "events", session, events: [notice("kept")] };
    const raw = { type: "messages", messages: [{ seq: daemon.seq + 1, message }] };
    await without(
      env.HOST.getByName(`main/${host}`),
      ["SESSION"],
      async () => {
        daemon.socket.send(raw);
        const { daemon: newer } = await FakeDaemon.connect(token);
        expect(newer.seq).toBe(daemon.seq);
      },
      "hanging",
    );
    const { daemon: back } = await FakeDaemon.connect(token);
    back.socket.send(raw);
    expect(await back.socket.until("ack")).toMatchObject({ seq: daemon.seq + 1 });
    expect(messages(await events(session))).toEqual(["kept"]);
  },
);

describe("what a host says at length", () => {
  test("is cut in what lists show, so that every page can read it", async ({ expect }) => {
    const { host, daemon, session } = await ready();
    const long = "x".repeat(10_000);
    const said = [
      { type: "renamed", title: long, by: "host" },
      { type: "turn_started", turn: 1, thread: long },
      { type: "status", status: "waiting", reason: long },
      { type: "ended", status: "trouble", exit: { code: null, signal: long, message: long } },
    ] as const;
    await daemon.tell({ kind: "events", session, events: said.map((event) => ({ at: 1, event })) });
    const shown: unknown = await (await call(`/api/sessions/${session}`)).json();
    expect(Session.safeParse(shown).success).toBe(true);
    expect(JSON.stringify(shown).length).toBeLessThan(3_000);
    const pane = { socket: "default", pane: "%7", tmux_session: "a", command: "b", cwd: "/", title: long };
    await daemon.tell({ kind: "unadopted", panes: [pane] });
    const made = await call(`/api/hosts/${host}/adopt`, { body: { socket: "default", pane: "%7" } });
    expect(Session.safeParse(await made.json()).success).toBe(true);
  });

  test("is put aside when it is beyond all measure", async ({ expect }) => {
    const { daemon, session } = await ready();
    await daemon.tell({ kind: "facts", session, facts: { ...FACTS, cwd: "/".repeat(5_000) } });
    expect(await (await call(`/api/sessions/${session}`)).json()).toMatchObject({ cwd: FACTS.cwd });
  });
});

test("the log of the edge holds no value of a query that failed", async ({ expect }) => {
  const { daemon, session } = await ready();
  const stub = env.SESSION.getByName(`main/${session}`);
  await vi.waitUntil(async () => (await query(stub, "SELECT key FROM outbox")).length === 0);
  const logged = vi.spyOn(console, "error");
  await env.DB.exec("ALTER TABLE session RENAME TO session_hidden");
  await daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "hunter2-in-a-terminal" } });
  await vi.waitUntil(() => logged.mock.calls.length > 0);
  await env.DB.exec("ALTER TABLE session_hidden RENAME TO session");
  const text = logged.mock.calls.map((each) => each.map(String).join(" ")).join("\n");
  logged.mockRestore();
  expect(text).toContain("no such table");
  expect(text).not.toContain("hunter2");
});

test("what is committed is not done twice when telling it fails", async ({ expect }) => {
  const { session } = await ready();
  await runInDurableObject(env.SESSION.getByName(`main/${session}`), async (_, ctx) => {
    const db = openDatabase(ctx, migrations);
    const log = new EventLog(db);
    const publisher = new Publisher({ db, deliver: () => Promise.resolve(), retryAt: () => undefined });
    const store = new SessionStore({
      db,
      storage: ctx.storage,
      log,
      publisher,
      traces: new Traces(db, publisher, new SpanTexts(db, () => Promise.resolve())),
      follow: () => [],
      onCommit: () => {
        throw new Error("as the test wants");
      },
    });
    const says = (message: string) => store.write(() => ({ events: [notice(message)] }));
    await Promise.all([says("one"), says("two"), says("three")]);
    expect(log.between(1, 100)).toMatchObject({ first: 1, last: 4 });
  });
});
