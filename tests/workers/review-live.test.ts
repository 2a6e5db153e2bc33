import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import { REPLAY_FRAME_BYTES } from "../../durable-objects/session/EventLog.ts";
import type { Approval } from "../../protocol/approvals.ts";
import type { HubServerFrame } from "../../protocol/hubFrames.ts";
import { newId } from "../../protocol/ids.ts";
import { LIVE_ACK_BYTES, LIVE_WINDOW_BYTES } from "../../protocol/limits.ts";
import type { SessionServerFrame } from "../../protocol/sessionFrames.ts";
import { call, enrolHost, FakeDaemon, open, type Socket } from "./support/edge.ts";

async function aSession() {
  const { token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token);
  const session = newId("ses");
  await daemon.tellSession(session);
  const say = (count: number, size: number) =>
    daemon.tell({
      kind: "events",
      session,
      events: Array.from({ length: count }, () => ({
        at: 1,
        event: { type: "notice", level: "info", message: "x".repeat(size) } as const,
      })),
    });
  return { daemon, session, say };
}

/** Reads as fast as it can but acks only when told to; remembers what came. */
class Reader {
  received = 0;
  seq = 0;
  unacked = 0;
  /** Positions and sizes at which a client acks. */
  readonly due: { seq: number; received: number }[] = [];
  title = "";
  /** How often it heard that spans may have been missed. */
  missed = 0;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.send({ type: "hello", version: 1, tail: 0 });
    void this.#read();
  }

  async #read(): Promise<void> {
    for (;;) {
      const frame = await this.socket.next<SessionServerFrame>();
      const size = JSON.stringify(frame).length;
      this.received += size;
      this.unacked += size;
      if (frame.type === "events") this.seq = frame.first + frame.events.length - 1;
      else if (frame.type === "spans_missed") this.missed++;
      else if ("session" in frame) this.title = frame.session.title;
      if (this.unacked < LIVE_ACK_BYTES) continue;
      this.unacked = 0;
      this.due.push({ seq: this.seq, received: this.received });
    }
  }
}

describe("a client that reads slowly", () => {
  test("never has more than a window on the way, and gets everything", async ({ expect }) => {
    const { session, say } = await aSession();
    const reader = new Reader(await open(`/api/sessions/${session}/live`));
    await vi.waitUntil(() => reader.title !== "");
    for (let i = 0; i < 100; i++) await say(5, 4_000);
    let most = 0;
    let acked = 0;
    while (reader.seq < 501) {
      await vi.waitUntil(() => reader.due.length > 0 || reader.seq === 501);
      await new Promise((resolve) => setTimeout(resolve, 5));
      most = Math.max(most, reader.received - acked);
      const due = reader.due.shift();
      if (due === undefined) break;
      acked = due.received;
      reader.socket.send({ type: "ack", seq: due.seq });
    }
    expect(reader.seq).toBe(501);
    expect(most).toBeLessThan(LIVE_WINDOW_BYTES + REPLAY_FRAME_BYTES + LIVE_ACK_BYTES);
  });

  test("learns what the session became while it was behind, and that it missed spans, also over a hibernation", async ({
    expect,
  }) => {
    for (const hibernates of [false, true]) {
      const { session, say } = await aSession();
      const reader = new Reader(await open(`/api/sessions/${session}/live`));
      await vi.waitUntil(() => reader.title === "shell");
      for (let i = 0; i < 40; i++) await say(5, 4_000);
      await call(`/api/sessions/${session}`, { method: "PATCH", body: { title: "renamed meanwhile" } });
      expect(reader.seq).toBeLessThan(202);
      if (hibernates) await evictDurableObject(env.SESSION.getByName(`main/${session}`));
      const ack = setInterval(() => {
        for (const { seq } of reader.due.splice(0)) reader.socket.send({ type: "ack", seq });
      }, 5);
      await vi.waitUntil(
        () => reader.seq === 202 && reader.title === "renamed meanwhile" && reader.missed > 0,
      );
      clearInterval(ack);
    }
  });
});

describe("the hub", () => {
  test("goes on with its first load for a client that cannot name a rev yet", async ({ expect }) => {
    const { session } = await aSession();
    const { session: known } = (await env.SESSION.getByName(`main/${session}`).read()) ?? {};
    if (known === undefined) throw new Error("no session");
    const ids = Array.from({ length: 3_000 }, () => newId("ses"));
    const hub = env.HUB.getByName("main");
    await hub.publish(ids.map((id) => ({ kind: "session", session: { ...known, id, version: 1 } })));
    const socket = await open("/api/live");
    socket.send({ type: "hello", version: 1 });
    const seen = new Set<string>();
    let unacked = 0;
    for (;;) {
      const frame = await socket.next<HubServerFrame>();
      if (frame.type === "ready") break;
      unacked += JSON.stringify(frame).length;
      if (frame.type === "changes")
        for (const change of frame.changes) if (change.kind === "session") seen.add(change.session.id);
      if (unacked < LIVE_ACK_BYTES) continue;
      unacked = 0;
      socket.send({ type: "ack", rev: 0 });
    }
    expect(ids.every((id) => seen.has(id))).toBe(true);
    await hub.publish(ids.map((id) => ({ kind: "session_removed", id })));
  });

  test("tells of an approval's end whoever is there or comes back, and nobody who comes later", async ({
    expect,
  }) => {
    const hub = env.HUB.getByName("main");
    const approval: Approval = {
      id: newId("apr"),
      team: "main",
      session: newId("ses"),
      host: null,
      requester: "edge",
      request: "t1.s1.c00",
      tool: "run_command",
      scope: "execute",
      input: "{}",
      input_sha256: "aa",
      summary: "run_command ls",
      touches: [],
      status: "pending",
      delivery: "none",
      decided_by: null,
      decided_at: null,
      decision_scope: null,
      message: null,
      edited_input: null,
      created_at: 1,
      expires_at: null,
      version: 1,
    };
    const publish = (change: Partial<Approval>) =>
      hub.publish([{ kind: "approval", approval: { ...approval, ...change } }]);
    /** The versions that a client is told of until it is up to date, and where it is then. */
    const told = async (cursor: object = {}) => {
      const socket = await open("/api/live");
      socket.send({ type: "hello", version: 1, ...cursor });
      const versions: number[] = [];
      for (;;) {
        const frame = await socket.next<HubServerFrame>();
        if (frame.type === "changes")
          for (const change of frame.changes)
            if (change.kind === "approval" && change.approval.id === approval.id)
              versions.push(change.approval.version);
        if (frame.type !== "ready") continue;
        socket.close();
        return { versions, cursor: { epoch: frame.epoch, rev: frame.rev } };
      }
    };
    await publish({});
    const first = await told();
    expect(first.versions).toEqual([1]);
    await publish({ version: 2, status: "allowed", delivery: "pending" });
    expect((await told()).versions).toEqual([2]);
    await publish({ version: 3, status: "allowed", delivery: "indeterminate" });
    const second = await told(first.cursor);
    expect(second.versions).toEqual([3]);
    expect((await told()).versions).toEqual([]);
    await publish({}); // late
    expect((await told(second.cursor)).versions).toEqual([]);
    await publish({ version: 4, status: "allowed", delivery: "applied" });
    expect((await told(second.cursor)).versions).toEqual([4]);
    expect((await told()).versions).toEqual([]);
  });

  test("tells a filtered client that comes back of every removal and every change", async ({ expect }) => {
    const { session } = await aSession();
    const { session: known } = (await env.SESSION.getByName(`main/${session}`).read()) ?? {};
    if (known === undefined) throw new Error("no session");
    const hub = env.HUB.getByName("main");
    const filter = { attention: true };
    let random = 7;
    const next = (below: number) => (random = (random * 1103515245 + 12345) % 2147483648) % below;
    const ids = Array.from({ length: 12 }, () => newId("ses"));
    const truth = new Map<string, boolean>();
    const gone = new Set<string>();
    const shown = new Set<string>();
    let cursor: object = {};
    for (let round = 1; round <= 40; round++) {
      const socket = await open("/api/live");
      socket.send({ type: "hello", version: 1, filter, ...cursor });
      const at: { epoch: string; rev: number } = { epoch: "", rev: 0 };
      const apply = (frame: HubServerFrame) => {
        if (frame.type === "reset") shown.clear();
        if (frame.type === "ready") Object.assign(at, { epoch: frame.epoch, rev: frame.rev });
        if (frame.type !== "changes") return;
        at.rev = frame.rev;
        for (const change of frame.changes)
          if (change.kind === "session") shown.add(change.session.id);
          else if (change.kind === "session_removed") shown.delete(change.id);
      };
      for (let ready = false; !ready;) {
        const frame = await socket.next<HubServerFrame>();
        apply(frame);
        ready = frame.type === "ready";
      }
      const mine = ids.filter((id) => truth.get(id));
      expect([...shown].filter((id) => ids.includes(id)).sort()).toEqual(mine.sort());
      void (async () => {
        for (;;) apply(await socket.next<HubServerFrame>());
      })();
      for (let i = next(6); i >= 0; i--) {
        const id = ids[next(ids.length)] ?? "";
        if (gone.has(id)) continue;
        if (next(8) === 0) {
          gone.add(id);
          truth.delete(id);
          await hub.publish([{ kind: "session_removed", id }]);
        } else {
          const waits = next(2) === 0;
          truth.set(id, waits);
          const status = waits ? "waiting" : "idle";
          await hub.publish([
            { kind: "session", session: { ...known, id, status, version: round * 10 + i } },
          ]);
        }
        if (next(3) === 0) {
          // It leaves here, with what it has heard so far, and the rest happens without it.
          socket.close();
          cursor = { epoch: at.epoch, rev: at.rev };
        }
      }
      socket.close();
      cursor = { epoch: at.epoch, rev: at.rev };
    }
  });
});
