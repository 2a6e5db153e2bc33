import { describe, expect, it } from "vitest";
import { CLOSE } from "../../../protocol/closeCodes.ts";
import { LIVE_ACK_BYTES } from "../../../protocol/limits.ts";
import { sampleHost, sampleSession } from "../../fixtures/sample.ts";
import { fakeEnvironment } from "./fakeEnvironment.ts";
import { startHubStore } from "./hubStore.ts";
import { startSessionStore } from "./sessionStore.ts";
import type { LogEvent } from "./sessionState.ts";

const session = sampleSession({ version: 2 });

describe("the hub store", () => {
  function start() {
    const environment = fakeEnvironment();
    const store = startHubStore({ environment });
    environment.socket().opens();
    return { environment, store };
  }

  it("says hello, is live once the picture is whole, and comes back with its cursor", () => {
    const { environment, store } = start();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1 }]);
    environment.socket().says({ type: "reset", version: 1, epoch: "a" });
    environment.socket().says({
      type: "changes",
      rev: 3,
      changes: [
        { kind: "session", session },
        { kind: "host", host: sampleHost() },
      ],
    });
    expect(store.connection.get().phase).toBe("connecting");
    environment.socket().says({ type: "ready", epoch: "a", rev: 3 });
    expect(store.connection.get().phase).toBe("live");
    environment.socket().closes(1006);
    expect(store.connection.get().phase).toBe("waiting");
    expect(store.state.get().sessions.size).toBe(1);
    environment.advance(20_000);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1, epoch: "a", rev: 3 }]);
    environment.socket().says({ type: "ready", epoch: "a", rev: 3 });
    expect(store.connection.get().phase).toBe("live");
  });

  it("forgets half a picture when the socket goes", () => {
    const { environment, store } = start();
    environment.socket().says({ type: "reset", version: 1, epoch: "a" });
    environment.socket().says({ type: "changes", rev: 3, changes: [{ kind: "session", session }] });
    environment.socket().closes(1006);
    environment.advance(20_000);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1 }]);
    environment.socket().says({ type: "reset", version: 1, epoch: "a" });
    environment.socket().says({ type: "ready", epoch: "a", rev: 4 });
    expect(store.state.get().sessions.size).toBe(0);
  });

  it("ignores frames and changes it does not know, and shows the rest", () => {
    const { environment, store } = start();
    environment.socket().says({ type: "weather", sunny: true });
    environment.socket().says({ type: "reset", version: 1, epoch: "a" });
    environment.socket().says({
      type: "changes",
      rev: 1,
      changes: [
        { kind: "task", task: {} },
        { kind: "session", session: { ...session, status: "dreaming" } },
        { kind: "host", host: sampleHost() },
      ],
    });
    environment.socket().says({ type: "ready", epoch: "a", rev: 1 });
    expect(store.state.get().hosts.size).toBe(1);
    expect(store.state.get().sessions.size).toBe(0);
    expect(environment.sockets).toHaveLength(1);
  });

  it.each(["{", "[]", '{"type":7}', '{"type":"ready"}', new ArrayBuffer(3)])(
    "connects again after a malformed frame: %s",
    (frame) => {
      const { environment, store } = start();
      environment.socket().says(frame);
      expect(store.connection.get()).toMatchObject({
        phase: "waiting",
        reason: "The server sent something this page cannot read.",
      });
    },
  );

  it("stops and says why when it is refused", () => {
    const { environment, store } = start();
    environment.socket().closes(CLOSE.unauthenticated);
    expect(store.connection.get()).toMatchObject({ phase: "refused", reason: "You are signed out." });
  });
});

describe("a session store", () => {
  function start(older: LogEvent[] = []) {
    const environment = fakeEnvironment();
    const asked: unknown[] = [];
    const store = startSessionStore({
      id: session.id,
      environment,
      fetchOlder: async (...args) => {
        asked.push(args);
        return older;
      },
    });
    environment.socket().opens();
    return { environment, store, asked };
  }
  const events = (from: number, to: number): LogEvent[] =>
    Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, at: 1, type: "notice" }));

  it("connects again with its cursor at a hole and goes on without a repetition", () => {
    const { environment, store } = start();
    environment.socket().says({ type: "gap", version: 1, epoch: "e", head: 2, first: 1, session });
    environment.socket().says({ type: "events", first: 1, events: events(1, 2) });
    environment.socket().says({ type: "events", first: 4, events: events(4, 4) });
    expect(store.connection.get()).toMatchObject({
      phase: "waiting",
      reason: "An event was missing; fetching it.",
    });
    environment.advance(20_000);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1, epoch: "e", seq: 2 }]);
    environment.socket().says({ type: "ok", version: 1, epoch: "e", head: 4, session });
    environment.socket().says({ type: "events", first: 3, events: events(3, 4) });
    expect(store.state.get().events.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
    expect(store.connection.get().phase).toBe("live");
  });

  it("acks what it has taken in, about every LIVE_ACK_BYTES", () => {
    const { environment } = start();
    const socket = environment.socket();
    socket.says({ type: "gap", version: 1, epoch: "e", head: 0, first: 1, session });
    const long = "x".repeat(LIVE_ACK_BYTES / 2);
    for (let seq = 1; seq <= 4; seq++)
      socket.says({ type: "events", first: seq, events: [{ seq, at: 1, type: "notice", long }] });
    expect(socket.frames.slice(1)).toEqual([
      { type: "ack", seq: 2 },
      { type: "ack", seq: 4 },
    ]);
  });

  it("fetches older pages one at a time", async () => {
    const { environment, store, asked } = start(events(1, 4));
    environment.socket().says({ type: "gap", version: 1, epoch: "e", head: 6, first: 5, session });
    environment.socket().says({ type: "events", first: 5, events: events(5, 6) });
    expect(await Promise.all([store.loadOlder(), store.loadOlder()])).toEqual([true, true]);
    expect(asked).toEqual([[session.id, 5, 200]]);
    expect(store.state.get().events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await store.loadOlder()).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it("throws an older page away when the log was replaced while it came", async () => {
    const { environment, store } = start(events(1, 4));
    environment.socket().says({ type: "gap", version: 1, epoch: "e", head: 5, first: 5, session });
    const page = store.loadOlder();
    environment.socket().says({ type: "gap", version: 1, epoch: "f", head: 5, first: 5, session });
    expect(await page).toBe(false);
    expect(store.state.get().events).toEqual([]);
  });
});
