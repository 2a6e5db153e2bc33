import { describe, expect, it } from "vitest";
import { CLOSE } from "../../../protocol/closeCodes.ts";
import { LIVE_ACK_BYTES } from "../../../protocol/limits.ts";
import { sampleHost, sampleSession } from "../../fixtures/sample.ts";
import { fakeEnvironment } from "./fakeEnvironment.ts";
import { RECENT_MS, startHubStore } from "./hubStore.ts";
import { COPY_LAG, startSessionStore, type SessionStore } from "./sessionStore.ts";
import { EMPTY_SESSION, type LogEvent, type SessionState } from "./sessionState.ts";

const session = sampleSession({ version: 2 });

const filter = { ended_after: fakeEnvironment().now() - RECENT_MS };

describe("the hub store", () => {
  function start() {
    const environment = fakeEnvironment();
    const store = startHubStore({ environment });
    environment.socket().opens();
    return { environment, store };
  }

  it("says hello, is live once the picture is whole, and comes back with its cursor", () => {
    const { environment, store } = start();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1, filter }]);
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
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1, epoch: "a", rev: 3, filter }]);
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
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1, filter }]);
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

  it("asks for what ended long ago when somebody wants it, and never comes back for it with another picture's cursor", () => {
    const { environment, store } = start();
    const first = environment.socket();
    store.showAll();
    expect(first.frames).toHaveLength(1);
    first.says({ type: "reset", version: 1, epoch: "a" });
    first.says({ type: "changes", rev: 3, changes: [{ kind: "session", session }] });
    first.says({ type: "ready", epoch: "a", rev: 3 });
    expect(first.frames.at(-1)).toEqual({ type: "hello", version: 1 });
    // A word of the first picture that was on its way is not the second's.
    first.says({ type: "ready", epoch: "a", rev: 3 });
    expect(store.scope.get()).toBe("recent");
    first.closes(1006);
    environment.advance(20_000);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1 }]);
    environment.socket().says({ type: "reset", version: 1, epoch: "a" });
    expect(store.state.get().sessions.size).toBe(1);
    environment.socket().says({ type: "ready", epoch: "a", rev: 4 });
    expect(store.scope.get()).toBe("all");
    store.showAll();
    expect(environment.socket().frames).toHaveLength(1);
    environment.socket().closes(1006);
    environment.advance(20_000);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1, epoch: "a", rev: 4 }]);
  });

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

  it("says that an older page could not be fetched, and asks again", async () => {
    const environment = fakeEnvironment();
    let asked = 0;
    const store = startSessionStore({
      id: session.id,
      environment,
      fetchOlder: async () => {
        if (++asked === 1) throw new Error("away");
        return events(1, 4);
      },
    });
    environment.socket().opens();
    environment.socket().says({ type: "gap", version: 1, epoch: "e", head: 5, first: 5, session });
    environment.socket().says({ type: "events", first: 5, events: events(5, 5) });
    expect(await store.loadOlder()).toBe(false);
    expect(await store.loadOlder()).toBe(true);
    expect(store.state.get().first).toBe(1);
  });

  it("throws an older page away when the log was replaced while it came", async () => {
    const { environment, store } = start(events(1, 4));
    environment.socket().says({ type: "gap", version: 1, epoch: "e", head: 5, first: 5, session });
    environment.socket().says({ type: "events", first: 5, events: events(5, 5) });
    const page = store.loadOlder();
    environment.socket().says({ type: "gap", version: 1, epoch: "f", head: 5, first: 5, session });
    environment.socket().says({ type: "events", first: 5, events: events(5, 5) });
    expect(await page).toBe(false);
    expect(store.state.get()).toMatchObject({ epoch: "f", first: 5, next: 6 });
  });

  it("shows a picture only when it is whole", () => {
    const { environment, store } = start();
    const socket = environment.socket();
    socket.says({ type: "gap", version: 1, epoch: "e", head: 4, first: 1, session });
    socket.says({ type: "events", first: 1, events: events(1, 3) });
    expect(store.state.get().events).toEqual([]);
    expect(store.connection.get().phase).toBe("connecting");
    socket.says({ type: "events", first: 4, events: events(4, 4) });
    expect(store.state.get()).toMatchObject({ loaded: true, next: 5 });
    expect(store.connection.get().phase).toBe("live");
  });
});

describe("a session store with a local copy", () => {
  const kept = (from: number, to: number): SessionState => ({
    ...EMPTY_SESSION,
    epoch: "e",
    session,
    events: list(from, to),
    first: from,
    next: to + 1,
  });
  const list = (from: number, to: number): LogEvent[] =>
    Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, at: 1, type: "notice" }));

  function start() {
    const environment = fakeEnvironment();
    const reading = Promise.withResolvers<SessionState | null>();
    const changed: SessionState[] = [];
    let forgotten = 0;
    const store = startSessionStore({
      id: session.id,
      environment,
      fetchOlder: async () => [],
      copy: {
        read: () => reading.promise,
        changed: (state) => void changed.push(state),
        flush: () => undefined,
        stop: () => undefined,
        forget: () => void forgotten++,
      },
    });
    return { environment, store, reading, changed, forgotten: () => forgotten };
  }
  const seqs = (store: SessionStore): number[] => store.state.get().events.map(({ seq }) => seq);

  it("shows it before there is a connection, and asks for exactly the rest", async () => {
    const { environment, store, reading, changed } = start();
    reading.resolve(kept(3, 6));
    await reading.promise;
    expect(seqs(store)).toEqual([3, 4, 5, 6]);
    expect(store.state.get().loaded).toBe(false);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([
      { type: "hello", version: 1, epoch: "e", seq: 6, at_most: COPY_LAG },
    ]);
    environment.socket().says({ type: "ok", version: 1, epoch: "e", head: 8, session });
    expect(store.state.get().loaded).toBe(false);
    expect(changed).toEqual([]);
    environment.socket().says({ type: "events", first: 7, events: list(7, 8) });
    expect(seqs(store)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(store.state.get().loaded).toBe(true);
    expect(changed).toHaveLength(1);
  });

  it("says hello once, when the copy comes later than the connection, and later than the next one", async () => {
    const { environment, reading } = start();
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([]);
    environment.socket().closes(1006);
    environment.advance(1_000);
    environment.socket().opens();
    reading.resolve(null);
    await reading.promise;
    await Promise.resolve();
    expect(environment.sockets.map((socket) => socket.frames)).toEqual([[], [{ type: "hello", version: 1 }]]);
  });

  it("keeps the copy on the screen until the log that replaces it is whole", async () => {
    const { environment, store, reading } = start();
    reading.resolve(kept(3, 6));
    await reading.promise;
    environment.socket().opens();
    environment.socket().says({ type: "gap", version: 1, epoch: "f", head: 2, first: 1, session });
    expect(seqs(store)).toEqual([3, 4, 5, 6]);
    environment.socket().says({ type: "events", first: 1, events: list(1, 2) });
    expect(seqs(store)).toEqual([1, 2]);
  });

  it("connects without the cursor of a log that was replaced", async () => {
    const { environment, store, reading } = start();
    reading.resolve(kept(3, 6));
    await reading.promise;
    environment.socket().opens();
    environment.socket().says({ type: "ok", version: 1, epoch: "f", head: 6, session });
    environment.advance(20_000);
    environment.socket().opens();
    expect(environment.socket().frames).toEqual([{ type: "hello", version: 1 }]);
    environment.socket().says({ type: "gap", version: 1, epoch: "f", head: 1, first: 1, session });
    environment.socket().says({ type: "events", first: 1, events: list(1, 1) });
    expect(seqs(store)).toEqual([1]);
  });

  it("forgets what it may not see any more", async () => {
    const { environment, reading, forgotten } = start();
    reading.resolve(kept(3, 6));
    await reading.promise;
    environment.socket().opens();
    environment.socket().closes(CLOSE.notFound);
    expect(forgotten()).toBe(1);
  });
});
