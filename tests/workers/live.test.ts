import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { SessionEvent } from "../../protocol/events.ts";
import type { HubChange, HubServerFrame } from "../../protocol/hubFrames.ts";
import { newId } from "../../protocol/ids.ts";
import { LIVE_WINDOW_BYTES } from "../../protocol/limits.ts";
import type { SessionServerFrame } from "../../protocol/sessionFrames.ts";
import { call, enrolHost, FACTS, FakeDaemon, open, type Socket } from "./support/edge.ts";

type EventsFrame = { type: "events"; first: number; events: SessionEvent[] };
type Start = Extract<SessionServerFrame, { type: "ok" | "gap" }>;

async function aSession() {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const session = newId("ses");
  await daemon.tellSession(session);
  let said = 0;
  const say = (count: number, padding = 0) =>
    daemon.tell({
      kind: "events",
      session,
      events: Array.from({ length: count }, () => ({
        at: 1,
        event: { type: "notice", level: "info", message: `n${++said}${"x".repeat(padding)}` } as const,
      })),
    });
  return { host, token, daemon, session, say };
}

/** Follows a session like a page does: keeps its cursor, and fails on anything that comes twice or out of order. */
class Follower {
  readonly seqs: number[] = [];
  epoch: string | undefined;
  socket: Socket | null = null;
  start: Start | null = null;

  async connect(session: string, tail?: number): Promise<void> {
    this.socket = await open(`/api/sessions/${session}/live`);
    const seq = this.seqs.at(-1);
    this.socket.send({
      type: "hello",
      version: 1,
      ...(seq === undefined ? {} : { epoch: this.epoch, seq }),
      tail,
    });
    this.start = await this.socket.next<Start>();
    this.epoch = this.start.epoch;
    if (this.start.type === "gap") this.seqs.length = 0;
  }

  async take(upTo: number): Promise<void> {
    while ((this.seqs.at(-1) ?? 0) < upTo) {
      const frame = await this.socket?.until<EventsFrame>("events");
      for (const { seq } of frame?.events ?? []) {
        const last = this.seqs.at(-1);
        if (last !== undefined && seq !== last + 1) throw new Error(`got ${seq} after ${last}`);
        this.seqs.push(seq);
      }
    }
  }
}

test("answers a close with a close, on every socket, so that a client is not left waiting", async ({
  expect,
}) => {
  const { session, daemon } = await aSession();
  const live = await open(`/api/sessions/${session}/live`);
  const console = await open(`/api/sessions/${session}/console`);
  const hub = await open("/api/live");
  for (const socket of [live, console, hub, daemon.socket]) {
    socket.ws.close(1000, "done");
    expect(await socket.closed).toMatchObject({ code: 1000 });
  }
});

describe("a session's live socket", () => {
  test("starts with a tail, goes on live, and resumes with exactly the rest", async ({ expect }) => {
    const { session, say } = await aSession();
    await say(30);
    const follower = new Follower();
    await follower.connect(session, 10);
    expect(follower.start).toMatchObject({ type: "gap", head: 31, first: 22, session: { id: session } });
    await follower.take(31);
    expect(follower.seqs).toEqual([22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
    await say(2);
    await follower.take(33);
    follower.socket?.close();
    await say(5);
    await follower.connect(session);
    expect(follower.start).toMatchObject({ type: "ok", head: 38 });
    await say(1);
    await follower.take(39);
    expect(follower.seqs).toHaveLength(18);
  });

  test("tells a client of another epoch, or from the future, to start anew", async ({ expect }) => {
    const { session, say } = await aSession();
    await say(3);
    const hello = async (cursor: object) => {
      const socket = await open(`/api/sessions/${session}/live`);
      socket.send({ type: "hello", version: 1, tail: 2, ...cursor });
      return socket.next<Start>();
    };
    expect(await hello({ epoch: "another", seq: 2 })).toMatchObject({ type: "gap", first: 3 });
    const { epoch } = await hello({});
    expect(await hello({ epoch, seq: 9 })).toMatchObject({ type: "gap", first: 3 });
    expect(await hello({ epoch, seq: 4 })).toMatchObject({ type: "ok", head: 4 });
    // A client says how much of what it missed it wants as it is.
    expect(await hello({ epoch, seq: 1, at_most: 3 })).toMatchObject({ type: "ok", head: 4 });
    expect(await hello({ epoch, seq: 1, at_most: 2 })).toMatchObject({ type: "gap", first: 3 });
  });

  test("stops for a client that does not ack and goes on from the log when it does", async ({ expect }) => {
    const { session, say } = await aSession();
    const follower = new Follower();
    await follower.connect(session);
    const received = () => follower.seqs.length;
    void follower.take(Number.POSITIVE_INFINITY);
    // About three windows of events.
    for (let i = 0; i < 60; i++) await say(10, (3 * LIVE_WINDOW_BYTES) / 600);
    const heldBack = received();
    expect(heldBack).toBeLessThan(400);
    await evictDurableObject(env.SESSION.getByName(`main/${session}`));
    for (let i = 0; i < 5; i++) {
      follower.socket?.send({ type: "ack", seq: follower.seqs.at(-1) ?? 0 });
      await vi.waitUntil(() => received() > heldBack + i * 50 || received() === 601);
    }
    await vi.waitUntil(() => received() === 601);
  });

  test("keeps its clients through hibernation", async ({ expect }) => {
    const { session, say } = await aSession();
    const follower = new Follower();
    await follower.connect(session);
    await follower.take(1);
    for (let i = 0; i < 3; i++) {
      await evictDurableObject(env.SESSION.getByName(`main/${session}`));
      await say(4);
    }
    await follower.take(13);
    expect(follower.seqs).toHaveLength(13);
  });

  test("gives every event once over many reconnects at random moments", async ({ expect }) => {
    const { session, say } = await aSession();
    const follower = new Follower();
    let random = 42;
    const next = (below: number) => (random = (random * 1103515245 + 12345) % 2147483648) % below;
    let total = 1;
    for (let round = 0; round < 40; round++) {
      await follower.connect(session);
      const count = 1 + next(80);
      const saying = say(count);
      total += count;
      if (next(2) === 0) await saying;
      await follower.take(Math.max(1, total - next(count)));
      follower.socket?.close();
      await saying;
    }
    await follower.connect(session);
    await follower.take(total);
    expect(follower.seqs).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  });

  test("cuts the log at events, not at text that looks like one", async ({ expect }) => {
    const { session, daemon } = await aSession();
    const texts = Array.from(
      { length: 40 },
      (_, n) => `,{"seq":${n},"at":1,"type":"notice"} \\" {"seq":${n + 1},"at":`,
    );
    await daemon.tell({
      kind: "events",
      session,
      events: texts.map((message) => ({ at: 1, event: { type: "notice", level: "info", message } as const })),
    });
    const page = (query: string) =>
      call(`/api/sessions/${session}/events?${query}`).then((answer) =>
        answer.json<{ items: { seq: number; message?: string }[] }>(),
      );
    const { items } = await page("after=10&limit=7");
    expect(items.map(({ seq, message }) => [seq, message])).toEqual(
      [11, 12, 13, 14, 15, 16, 17].map((seq) => [seq, texts[seq - 2]]),
    );
    const follower = new Follower();
    await follower.connect(session, 3);
    await follower.take(41);
    expect(follower.seqs).toEqual([39, 40, 41]);
  });

  test("closes on a malformed frame with a reason, and ignores a type it does not know", async ({
    expect,
  }) => {
    const { session } = await aSession();
    const path = `/api/sessions/${session}/live`;
    const sent = async (frame: unknown) => {
      const socket = await open(path);
      socket.send(frame);
      return socket.closed;
    };
    expect(await sent("{")).toMatchObject({ code: 4400, reason: "The frame is not JSON." });
    expect(await sent({ type: "hello", version: "one" })).toMatchObject({ code: 4400 });
    expect(await sent({ type: "hello", version: 99 })).toMatchObject({ code: 4426 });
    expect(await sent(new Uint8Array(9))).toMatchObject({ code: 4400 });
    expect(await sent("x".repeat(1024 * 1024 + 1))).toMatchObject({ code: 4413 });
    const socket = await open(path);
    socket.send({ type: "wave" });
    socket.send({ type: "hello", version: 1 });
    expect(await socket.next()).toMatchObject({ type: "gap" });
    expect(await (await open(`/api/sessions/${newId("ses")}/live`)).closed).toMatchObject({ code: 4404 });
  });

  test("pages through the log in both directions", async ({ expect }) => {
    const { session, say } = await aSession();
    await say(300);
    await say(299);
    type Page = { items: SessionEvent[]; next_cursor: string | null };
    const page = async (query: string) =>
      (await call(`/api/sessions/${session}/events?${query}`)).json<Page>();
    const newest = await page("limit=100");
    expect(newest.items.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => 501 + i));
    expect(newest.next_cursor).toBe("501");
    expect((await page("before=501&limit=500")).items).toHaveLength(500);
    expect((await page("before=501&limit=500")).next_cursor).toBeNull();
    expect((await page("after=598&limit=10")).items.map(({ seq }) => seq)).toEqual([599, 600]);
  });
});

describe("the hub", () => {
  /** Collects differences into what a page would show. */
  async function watch(filter?: object, cursor: object = {}) {
    const socket = await open("/api/live");
    const shown = new Map<string, HubChange>();
    let at = { epoch: "", rev: 0 };
    const apply = (frame: HubServerFrame) => {
      if (frame.type === "reset") shown.clear();
      if (frame.type === "ready") at = { epoch: frame.epoch, rev: frame.rev };
      if (frame.type !== "changes") return;
      at = { ...at, rev: frame.rev };
      for (const change of frame.changes) {
        if (change.kind === "session") shown.set(change.session.id, change);
        else if (change.kind === "host") shown.set(change.host.id, change);
        else if (change.kind === "session_removed" || change.kind === "host_removed") shown.delete(change.id);
      }
    };
    socket.send({ type: "hello", version: 1, filter, ...cursor });
    const first = await socket.next<HubServerFrame>();
    apply(first);
    for (let ready = first.type === "ready"; !ready;) {
      const frame = await socket.next<HubServerFrame>();
      apply(frame);
      ready = frame.type === "ready";
    }
    void (async () => {
      for (;;) apply(await socket.next<HubServerFrame>());
    })();
    return { socket, shown, first, cursor: () => at };
  }

  test("shows sessions and hosts, then differences only", async ({ expect }) => {
    const { host, session, daemon } = await aSession();
    await vi.waitUntil(async () => (await watch()).shown.has(session));
    const hub = await watch();
    expect(hub.first.type).toBe("reset");
    expect(hub.shown.get(host)).toMatchObject({ host: { presence: "online" } });
    await daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "new line" } });
    await vi.waitUntil(() => {
      const change = hub.shown.get(session);
      return change?.kind === "session" && change.session.preview === "new line";
    });
    daemon.socket.close();
    await vi.waitUntil(() => {
      const change = hub.shown.get(host);
      return change?.kind === "host" && change.host.presence === "offline";
    });
  });

  test("resumes with what changed since, removals included", async ({ expect }) => {
    const one = await aSession();
    const two = await aSession();
    await vi.waitUntil(async () => (await watch()).shown.has(two.session));
    const hub = await watch();
    const cursor = hub.cursor();
    hub.socket.close();
    const exit = { code: 0, signal: null, message: null };
    const ended = { at: 5, event: { type: "ended", status: "done", exit } as const };
    await one.daemon.tell({ kind: "events", session: one.session, events: [ended] });
    expect((await call(`/api/sessions/${one.session}`, { method: "DELETE" })).status).toBe(204);
    const back = await watch(undefined, cursor);
    expect(back.first.type).not.toBe("reset");
    await vi.waitUntil(async () => {
      const { shown } = await watch();
      return !shown.has(one.session) && shown.has(two.session);
    });
    // A late word about the deleted session does not bring it back.
    await one.daemon.tellSession(one.session);
    expect((await call(`/api/sessions/${one.session}`)).status).toBe(404);
  });

  test("gives a filtered client what matches, and takes away what no longer does", async ({ expect }) => {
    const { session, daemon } = await aSession();
    const working = { at: 1, event: { type: "status", status: "waiting", reason: "permission" } as const };
    const idle = { at: 2, event: { type: "status", status: "idle", reason: null } as const };
    const hub = await watch({ attention: true });
    expect(hub.shown.has(session)).toBe(false);
    await daemon.tell({ kind: "events", session, events: [working] });
    await vi.waitUntil(() => hub.shown.has(session));
    await daemon.tell({ kind: "events", session, events: [idle] });
    await vi.waitUntil(() => !hub.shown.has(session));
  });

  test("leaves out what ended long ago, unless it needs a person", async ({ expect }) => {
    const [open, old, late, failed] = [
      await aSession(),
      await aSession(),
      await aSession(),
      await aSession(),
    ];
    const exit = { code: 0, signal: null, message: null };
    const end = (one: typeof open, at: number, status: "done" | "trouble") =>
      one.daemon.tell({
        kind: "events",
        session: one.session,
        events: [{ at, event: { type: "ended", status, exit } as const }],
      });
    await end(old, 1_000, "done");
    await end(late, 3_000, "done");
    await end(failed, 1_000, "trouble");
    const ids = [open, old, late, failed].map(({ session }) => session);
    await vi.waitUntil(async () => {
      const { shown } = await watch({ ended: true });
      return ids.slice(1).every((id) => shown.has(id));
    });
    const { shown } = await watch({ ended_after: 2_000 });
    expect(ids.map((id) => shown.has(id))).toEqual([true, false, true, true]);
  });

  test("begins with D1 when it has lost its copy, and ignores what is older than it knows", async ({
    expect,
  }) => {
    const { session } = await aSession();
    await vi.waitUntil(async () => {
      const list = await (await call("/api/sessions?limit=200")).json<{ items: { id: string }[] }>();
      return list.items.some(({ id }) => id === session);
    });
    const { session: known } = (await env.SESSION.getByName(`main/${session}`).read()) ?? {};
    const other = env.HUB.getByName("main");
    if (known !== undefined)
      await other.publish([{ kind: "session", session: { ...known, version: 0, title: "stale" } }]);
    const hub = await watch();
    expect(hub.shown.get(session)).toMatchObject({ session: { title: "shell" } });
  });
});
