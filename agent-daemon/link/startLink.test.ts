import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, onTestFinished, test, vi } from "vitest";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { HostInfo } from "../../protocol/host.ts";
import { CLOSE } from "../../protocol/closeCodes.ts";
import { newId } from "../../protocol/ids.ts";
import { LINK_WINDOW_BYTES } from "../../protocol/limits.ts";
import { openStore } from "../store.ts";
import { startFakeEdge } from "../testing/fakeEdge.ts";
import type { FakeEdgeOptions, Mischief } from "../testing/fakeEdge.ts";
import { seededRandom } from "../testing/seededRandom.ts";
import { tempDir } from "../testing/tempDir.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { openJournal } from "./journal.ts";
import { openSocket } from "./openSocket.ts";
import { startLiveOutputs } from "./liveOutputs.ts";
import { startLink } from "./startLink.ts";
import type { LinkDeps } from "./startLink.ts";

const session = newId("ses");
const INFO: HostInfo = {
  hostname: "test",
  os: "linux",
  arch: "x64",
  agent_version: "0",
  node_version: "24",
  tmux_version: null,
  agents: {},
  workspaces: [],
  problems: [],
};

/** Time that runs so many times as fast, for the link's long limits. */
function fastClock(times: number): Clock {
  return {
    now: () => systemClock.now() * times,
    after: (ms, run) => systemClock.after(ms / times, run),
  };
}

function notice(text: string): DaemonMessage {
  return {
    kind: "events",
    session,
    events: [{ at: 1, event: { type: "notice", level: "info", message: text } }],
  };
}

function openTestJournal(path = join(tempDir(), "agent.db")) {
  const store = openStore(path);
  const journal = openJournal({ store, maxBytes: 1e9, log: () => {} });
  onTestFinished(() => {
    journal.stop();
    store.close();
  });
  return { journal, store };
}

async function open(options: { edge?: FakeEdgeOptions; times?: number } & Partial<LinkDeps> = {}) {
  const edge = await startFakeEdge(options.edge);
  onTestFinished(() => edge.stop());
  const journal = options.journal ?? openTestJournal().journal;
  const seen = {
    commands: [] as unknown[],
    cancels: [] as string[],
    refused: [] as unknown[],
    consoles: [] as string[],
    log: [] as string[],
  };
  const link = startLink({
    journal,
    executor: {
      accept: (command) => seen.commands.push(command),
      cancel: (id) => seen.cancels.push(id),
      refuse: (id, _session, result) => seen.refused.push({ id, result }),
    },
    outputs: { goOnFrom() {}, sendAgain() {}, sendBy() {} },
    rules: { take() {} },
    answer: async () => ({ status: "same", version: "v" }),
    consoles: {
      watch: (id) => seen.consoles.push(`watch ${id}`),
      unwatch: (id) => seen.consoles.push(`unwatch ${id}`),
      watchOnly: (ids) => seen.consoles.push(`only ${ids.join()}`),
    },
    url: () => edge.url,
    token: () => ({ token: "secret" }),
    info: () => INFO,
    clock: options.times === undefined ? systemClock : fastClock(options.times),
    openSocket,
    log: (level, message) => seen.log.push(`${level}: ${message}`),
    ...options,
  });
  onTestFinished(() => link.stop());
  return { edge, journal, link, seen };
}

function texts(bodies: unknown[]): string[] {
  // SAFETY: the bodies are those that `notice` made; another shape fails the comparison.
  return bodies.map(
    (body) => (body as { events: { event: { message: string } }[] }).events[0]?.event.message ?? "?",
  );
}

const wait = { timeout: 5_000, interval: 5 };

describe("a question of the edge", () => {
  test("is answered on the connection that asked, and on no other", async ({ expect }) => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { edge, link, seen } = await open({
      async answer(question) {
        const directory = question.type === "changes" ? question.directory : "";
        if (directory === "/broken") throw new Error("broken");
        if (directory === "/slow") await held;
        return { status: "same", version: directory };
      },
    });
    const ask = (id: string, directory: string) =>
      edge.send({ type: "ask", id, question: { type: "changes", session, directory } });
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    ask("q1", "/slow");
    ask("q2", "/broken");
    ask("q3", "/quick");
    await vi.waitFor(() => expect(edge.answers).toHaveLength(1), wait);
    expect(seen.log).toContain("error: A question could not be answered.");
    edge.current()?.cut();
    await vi.waitFor(() => expect(edge.hellos).toHaveLength(2), wait);
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    release();
    ask("q4", "/again");
    await vi.waitFor(() => expect(edge.answers).toHaveLength(2), wait);
    expect(edge.answers).toEqual([
      { type: "answer", id: "q3", answer: { status: "same", version: "/quick" } },
      { type: "answer", id: "q4", answer: { status: "same", version: "/again" } },
    ]);
  });
});

describe("the output of running commands", () => {
  test("goes out beside the journal, again on a new connection, and from where the edge asks", async ({
    expect,
  }) => {
    const outputs = startLiveOutputs(systemClock);
    const { edge, journal, link } = await open({ outputs });
    const command = { id: newId("cmd"), session: newId("ses") };
    const output = outputs.open(command);
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    output.add("one ");
    await vi.waitFor(() => expect(edge.outputs).toHaveLength(1), wait);
    edge.current()?.cut();
    await vi.waitFor(() => expect(edge.outputs).toHaveLength(2), wait);
    edge.send({ type: "output_from", id: command.id, offset: 2 });
    await vi.waitFor(() => expect(edge.outputs).toHaveLength(3), wait);
    expect(edge.outputs.map(({ offset, text }) => [offset, text])).toEqual([
      [0, "one "],
      [0, "one "],
      [2, "e "],
    ]);
    expect(journal.head()).toBe(0);
    output.close();
  });
});

describe("the connection", () => {
  test("says hello with the token, epoch and acked, and is welcomed", async ({ expect }) => {
    const { edge, journal, link } = await open();
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    expect(edge.hellos).toEqual([
      { type: "hello", version: 1, epoch: journal.epoch(), acked: 0, info: INFO },
    ]);
    expect([...edge.sockets][0]?.request.headers.authorization).toBe("Bearer secret");
    expect([...edge.sockets][0]?.request.url).toBe("/api/link");
  });

  test("sends the first message at once and gathers the rest while it is on the way", async ({ expect }) => {
    const { edge, journal, link } = await open({ edge: { mischief: () => "ack_late" } });
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    for (let i = 0; i < 50; i++) {
      journal.put([notice(String(i))]);
      await Promise.resolve();
    }
    await vi.waitFor(() => expect(journal.acked()).toBe(50), wait);
    expect(edge.frames).toEqual([1, 49]);
    expect(texts(edge.bodies())).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
  });

  test("never has more on the way than the window allows, and heals when no ack comes", async ({
    expect,
  }) => {
    let mute = true;
    let bytes = () => 0;
    let inFlight = 0;
    const { edge, journal, link, seen } = await open({
      edge: {
        mischief: () => (mute ? "no_ack" : "none"),
        // The second connection: everything that came until now came without an ack.
        refuse: () => {
          inFlight ||= bytes();
          return null;
        },
      },
      times: 50,
    });
    bytes = () => edge.bodies().reduce<number>((sum, body) => sum + JSON.stringify(body).length, 0);
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    for (let i = 0; i < 300; i++) journal.put([notice("x".repeat(10_000))]);
    await vi.waitFor(() => expect(inFlight).toBeGreaterThan(LINK_WINDOW_BYTES / 2), { timeout: 20_000 });
    expect(inFlight).toBeLessThanOrEqual(LINK_WINDOW_BYTES + 11_000);
    mute = false;
    await vi.waitFor(() => expect(journal.acked()).toBe(300), { timeout: 10_000 });
    expect(edge.bodies()).toHaveLength(300);
    expect(seen.log).toContain("warn: The edge did not ack what was sent.");
  });

  test("sends what a daemon before it left unacked", async ({ expect }) => {
    const path = join(tempDir(), "agent.db");
    const first = openTestJournal(path);
    first.journal.put([notice("a"), notice("b")]);
    first.journal.flush();
    const { edge } = await open({ journal: openTestJournal(path).journal });
    await vi.waitFor(() => expect(texts(edge.bodies())).toEqual(["a", "b"]), wait);
  });

  test("begins a new epoch when the edge has acked what this journal never held", async ({ expect }) => {
    const dir = tempDir();
    const { journal } = openTestJournal(join(dir, "agent.db"));
    const before = journal.epoch();
    journal.put([notice("kept")]);
    const edge = await startFakeEdge();
    onTestFinished(() => edge.stop());
    // The edge knows 5 of this epoch: our state directory came back from a copy.
    const run = () =>
      startLink({
        journal,
        executor: { accept() {}, cancel() {}, refuse() {} },
        consoles: { watch() {}, unwatch() {}, watchOnly() {} },
        outputs: { goOnFrom() {}, sendAgain() {}, sendBy() {} },
        rules: { take() {} },
        answer: async () => ({ status: "same", version: "v" }),
        url: () => edge.url,
        token: () => ({ token: "t" }),
        info: () => INFO,
        clock: systemClock,
        openSocket,
        log: () => {},
      });
    const first = run();
    await vi.waitFor(() => expect(journal.acked()).toBe(1), wait);
    first.stop();
    const older = openTestJournal(join(dir, "older.db"));
    older.store.db.prepare("UPDATE link_journal SET epoch = ?").run(before);
    const second = await (async () => {
      const link = startLink({
        journal: older.journal,
        executor: { accept() {}, cancel() {}, refuse() {} },
        consoles: { watch() {}, unwatch() {}, watchOnly() {} },
        outputs: { goOnFrom() {}, sendAgain() {}, sendBy() {} },
        rules: { take() {} },
        answer: async () => ({ status: "same", version: "v" }),
        url: () => edge.url,
        token: () => ({ token: "t" }),
        info: () => INFO,
        clock: systemClock,
        openSocket,
        log: () => {},
      });
      await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
      return link;
    })();
    onTestFinished(() => second.stop());
    expect(older.journal.epoch()).not.toBe(before);
    older.journal.put([notice("new")]);
    await vi.waitFor(() => expect(texts(edge.bodies())).toEqual(["kept", "new"]), wait);
  });

  test("passes commands, cancels and watches on, and survives every malformed frame", async ({ expect }) => {
    const { edge, link, seen, journal } = await open();
    edge.watching.push(session);
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    const id = newId("cmd");
    const bad = newId("cmd");
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      "7",
      '"x"',
      "{}",
      '{"type":5}',
      '{"type":"ack"}',
      '{"type":"ack","seq":-1}',
      "\u0000",
    ]) {
      edge.send(text);
    }
    edge.send('{"type":"from_the_future","x":1}');
    edge.send(
      JSON.stringify({ type: "command", id: "nonsense", session, command: { type: "interrupt" }, ttl_ms: 1 }),
    );
    edge.send(
      JSON.stringify({ type: "command", id: bad, session, command: { type: "levitate" }, ttl_ms: 1 }),
    );
    edge.send({ type: "ack", seq: 999 });
    edge.current()?.sendBinary(new Uint8Array([1, 2, 3]));
    edge.send({ type: "command", id, session, command: { type: "interrupt" }, ttl_ms: 5 });
    edge.send({ type: "cancel", id, session });
    edge.send({ type: "watch", session });
    edge.send({ type: "unwatch", session });
    await vi.waitFor(() => expect(seen.consoles).toHaveLength(3), wait);
    expect(seen.commands).toEqual([{ id, session, command: { type: "interrupt" }, ttlMs: 5 }]);
    expect(seen.cancels).toEqual([id]);
    expect(seen.refused).toEqual([
      { id: bad, result: expect.objectContaining({ status: "failed", code: "not_supported" }) },
    ]);
    expect(seen.consoles.slice(1)).toEqual([`watch ${session}`, `unwatch ${session}`]);
    expect(seen.log.filter((line) => line.includes("malformed")).length).toBeGreaterThan(10);
    journal.put([notice("still here")]);
    await vi.waitFor(() => expect(texts(edge.bodies())).toEqual(["still here"]), wait);
    expect(edge.connections()).toBe(1);
  });

  test("survives ten thousand mutated frames", async ({ expect }) => {
    const { edge, link, journal } = await open();
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    const random = seededRandom(11);
    const seeds = [
      JSON.stringify({
        type: "welcome",
        version: 1,
        host: edge.host,
        name: "x",
        acked: 0,
        watching: [session],
      }),
      JSON.stringify({
        type: "command",
        id: newId("cmd"),
        session,
        command: { type: "send_input", text: "x" },
        ttl_ms: 5,
      }),
      JSON.stringify({ type: "cancel", id: newId("cmd"), session }),
      JSON.stringify({ type: "watch", session }),
    ];
    for (let i = 0; i < 10_000; i++) {
      const text = seeds[Math.floor(random() * seeds.length)] ?? "";
      const at = Math.floor(random() * text.length);
      edge.send(
        text.slice(0, at) +
          String.fromCharCode(Math.floor(random() * 256)) +
          text.slice(at + Math.floor(random() * 3)),
      );
    }
    journal.put([notice("still here")]);
    await vi.waitFor(() => expect(texts(edge.bodies())).toEqual(["still here"]), wait);
    expect(edge.connections()).toBe(1);
  });
});

describe("a lost connection", () => {
  test("is made again when the edge is away for a while", async ({ expect }) => {
    const edge = await startFakeEdge();
    let url = edge.url;
    const { link, journal } = await open({ url: () => url, times: 20 });
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    await edge.stop();
    journal.put([notice("while away")]);
    await vi.waitFor(() => expect(link.state().phase.name).toBe("waiting"), wait);
    const next = await startFakeEdge();
    onTestFinished(() => next.stop());
    url = next.url;
    await vi.waitFor(() => expect(texts(next.bodies())).toEqual(["while away"]), wait);
  });

  test("is noticed when the edge falls silent without closing", async ({ expect }) => {
    const { edge, link, seen } = await open({ times: 100 });
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    for (const socket of edge.sockets) socket.freeze();
    await vi.waitFor(() => expect(seen.log).toContain("warn: Nothing came from the edge."), wait);
    await vi.waitFor(() => expect(edge.connections()).toBe(2), wait);
  });

  test("is tried again at once when the machine wakes", async ({ expect }) => {
    let refused = 0;
    const { link, edge } = await open({
      edge: { refuse: () => (refused++ < 1 ? { code: 1011, reason: "later" } : null) },
      clock: { now: () => systemClock.now(), after: (ms, run) => systemClock.after(ms * 1_000, run) },
    });
    await vi.waitFor(() => expect(link.state().phase.name).toBe("waiting"), wait);
    link.nudge("woke");
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    expect(edge.connections()).toBe(2);
  });

  test("by a revoked token is tried slowly, with the sentence that helps", async ({ expect }) => {
    const { link, edge, seen } = await open({
      edge: { refuse: () => ({ code: CLOSE.unauthenticated, reason: "This token was revoked." }) },
    });
    await vi.waitFor(() => expect(link.state().problem?.code).toBe("refused"), wait);
    await sleep(300);
    expect(edge.connections()).toBe(1);
    expect(seen.log).toEqual([
      expect.stringMatching(
        /^warn: The edge refuses this host's token\. The edge says: This token was revoked\./,
      ),
    ]);
  });

  test("to a newer daemon with the same identity ends this one", async ({ expect }) => {
    const { link, edge, seen } = await open();
    await vi.waitFor(() => expect(link.state().phase.name).toBe("online"), wait);
    const other = await open({ url: () => edge.url });
    await vi.waitFor(() => expect(link.state().phase).toEqual({ name: "stopped", why: "replaced" }), wait);
    expect(seen.log.at(-1)).toMatch(/^error: Another daemon with the same identity took over\./);
    await vi.waitFor(() => expect(other.link.state().phase.name).toBe("online"), wait);
  });
});

test.for([1, 2, 3])(
  "every message arrives exactly once, in order, whatever happens on the way (seed %i)",
  { timeout: 120_000 },
  async (seed, { expect }) => {
    const total = 10_000;
    const random = seededRandom(seed);
    const acts: Mischief[] = [
      "cut_before_commit",
      "cut_before_ack",
      "half_commit",
      "close",
      "freeze",
      "ack_late",
      "ack_late",
      "ack_late",
    ];
    let frames = 0;
    const path = join(tempDir(), "agent.db");
    // Time is fifty times as fast: a frozen edge is given up after 0.6 s.
    const { edge, link, journal } = await open({
      journal: openTestJournal(path).journal,
      times: 50,
      random,
      edge: {
        mischief: () => {
          frames += 1;
          return random() < 0.25 ? (acts[Math.floor(random() * acts.length)] ?? "none") : "none";
        },
        refuse: () =>
          random() < 0.1 ? { code: 1011, reason: "not now" } : random() < 0.03 ? "silence" : null,
      },
    });
    let put = 0;
    while (put < total) {
      const burst = Math.min(total - put, 1 + Math.floor(random() * 25));
      const messages = Array.from({ length: burst }, (_, i) =>
        notice(`${put + i} ${"x".repeat(Math.floor(random() * 400))}`),
      );
      expect(journal.put(messages)).toBe(true);
      put += burst;
      if (random() < 0.7) await sleep(random() * 6);
      if (random() < 0.02) for (const socket of edge.sockets) socket.cut();
      if (random() < 0.02) link.nudge(random() < 0.5 ? "woke" : "network");
    }
    await vi.waitFor(() => expect(journal.acked()).toBe(total), { timeout: 100_000, interval: 50 });
    expect(edge.problems).toEqual([]);
    expect(texts(edge.bodies()).map((text) => Number(text.split(" ")[0]))).toEqual(
      Array.from({ length: total }, (_, i) => i),
    );
    expect(edge.epochs()).toHaveLength(1);
    expect(edge.connections()).toBeGreaterThan(15);
    expect(frames).toBeGreaterThan(100);
  },
);
