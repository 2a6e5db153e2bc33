import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, onTestFinished, test, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { MAX_EVENT_BYTES, MAX_FRAME_BYTES } from "../../protocol/limits.ts";
import { DaemonMessage } from "../../protocol/link.ts";
import { openStore } from "../store.ts";
import { tempDir } from "../testing/tempDir.ts";
import { openJournal } from "./journal.ts";
import type { JournalDeps } from "./journal.ts";

const session = newId("ses");
const ALL = { messages: 1_000_000, bytes: 1e12 };

function notice(text: string): DaemonMessage {
  return {
    kind: "events",
    session,
    events: [{ at: 1, event: { type: "notice", level: "info", message: text } }],
  };
}

function open(path: string, over: Partial<JournalDeps> = {}) {
  const logged: string[] = [];
  const store = openStore(path);
  const journal = openJournal({
    store,
    maxBytes: 1e9,
    log: (level, message) => logged.push(`${level}: ${message}`),
    ...over,
  });
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    journal.stop();
    store.close();
  };
  onTestFinished(close);
  const texts = (after = 0) =>
    journal.read(after, ALL).map(({ json }) => {
      const message = DaemonMessage.parse(JSON.parse(json));
      if (message.kind !== "events") return message.kind;
      return message.events
        .map(({ event }) =>
          event.type === "notice" ? event.message : event.type === "gap" ? `gap ${event.lost}` : event.type,
        )
        .join();
    });
  return { journal, store, logged, close, texts };
}

describe("messages", () => {
  test("are numbered without holes, read in order and removed when acked", ({ expect }) => {
    const path = join(tempDir(), "agent.db");
    const { journal, texts, close } = open(path);
    for (const text of ["a", "b", "c"]) journal.put([notice(text)]);
    expect(journal.read(0, ALL).map((item) => item.seq)).toEqual([1, 2, 3]);
    journal.ack(2);
    expect(texts(journal.acked())).toEqual(["c"]);
    close();
    const again = open(path);
    expect([again.journal.acked(), again.journal.head(), again.texts()]).toEqual([2, 3, ["c"]]);
    again.journal.ack(3);
    again.journal.put([notice("d")]);
    expect(again.journal.read(3, ALL).map((item) => item.seq)).toEqual([4]);
  });

  test("are stored all or none, together with the caller's own write", ({ expect }) => {
    const { journal, store, texts } = open(join(tempDir(), "agent.db"));
    store.db.exec("CREATE TABLE mine (x)");
    expect(() =>
      journal.put([notice("a"), notice("b")], () => {
        store.db.exec("INSERT INTO mine VALUES (1)");
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect([texts(), store.db.prepare("SELECT * FROM mine").all(), journal.bytes()]).toEqual([[], [], 0]);
    journal.put([notice("c")], () => store.db.exec("INSERT INTO mine VALUES (2)"));
    expect([journal.read(0, ALL)[0]?.seq, store.db.prepare("SELECT x FROM mine").get()?.x]).toEqual([1, 2]);
  });

  test("are limited per read, yet one always comes", ({ expect }) => {
    const { journal } = open(join(tempDir(), "agent.db"));
    for (let i = 0; i < 10; i++) journal.put([notice("x".repeat(100))]);
    expect(journal.read(0, { messages: 3, bytes: 1e9 })).toHaveLength(3);
    expect(journal.read(0, { messages: 10, bytes: 1 })).toHaveLength(1);
    expect(journal.read(8, { messages: 10, bytes: 1e9 }).map((item) => item.seq)).toEqual([9, 10]);
  });

  test("that are too large are split, or replaced by what says so", ({ expect }) => {
    const { journal } = open(join(tempDir(), "agent.db"));
    const event = (size: number) => ({
      at: 7,
      event: { type: "notice", level: "info", message: "x".repeat(size) } as const,
    });
    journal.put([{ kind: "events", session, events: Array.from({ length: 40 }, () => event(60_000)) }]);
    const items = journal.read(0, ALL);
    expect(items.length).toBeGreaterThan(15);
    expect(Math.max(...items.map((item) => item.bytes))).toBeLessThan(MAX_FRAME_BYTES);
    const events = items.flatMap((item) => (JSON.parse(item.json) as { events: unknown[] }).events);
    expect(events).toHaveLength(40);
    journal.put([{ kind: "events", session, events: [event(MAX_EVENT_BYTES)] }]);
    expect(journal.read(items.length, ALL)[0]?.json).toMatch(/"type":"gap","lost":1,"since":7/);
    journal.put([
      {
        kind: "result",
        id: newId("cmd"),
        session,
        result: {
          status: "done",
          value: {
            type: "snapshot",
            text: "x".repeat(MAX_FRAME_BYTES),
            cols: 80,
            rows: 24,
            cursor: { x: 0, y: 0 },
          },
        },
      },
    ]);
    expect(journal.read(items.length + 1, ALL)[0]?.json).toMatch(/"status":"failed","code":"too_large"/);
  });
});

describe("epoch", () => {
  test("stays over restarts and is new after the state directory was wiped", ({ expect }) => {
    const dir = tempDir();
    const first = open(join(dir, "state/agent.db"));
    const epoch = first.journal.epoch();
    first.close();
    const second = open(join(dir, "state/agent.db"));
    expect(second.journal.epoch()).toBe(epoch);
    second.close();
    rmSync(join(dir, "state"), { recursive: true });
    const third = open(join(dir, "state/agent.db"));
    expect(third.journal.epoch()).not.toBe(epoch);
    expect([third.journal.acked(), third.journal.head()]).toEqual([0, 0]);
  });

  test("is renewed with the unacked messages numbered from 1", ({ expect }) => {
    const { journal, texts } = open(join(tempDir(), "agent.db"));
    const epoch = journal.epoch();
    for (const text of ["a", "b", "c"]) journal.put([notice(text)]);
    journal.ack(1);
    journal.renew();
    expect(journal.epoch()).not.toBe(epoch);
    expect([journal.acked(), journal.head(), texts()]).toEqual([0, 2, ["b", "c"]]);
    journal.put([notice("d")]);
    expect(journal.head()).toBe(3);
  });
});

describe("quota", () => {
  test("refuses the whole put, and losses become one gap before what follows", ({ expect }) => {
    const { journal, texts, logged } = open(join(tempDir(), "agent.db"), { maxBytes: 64 * 1024 });
    const big = "x".repeat(10_000);
    let stored = 0;
    while (journal.put([notice(big)])) stored += 1;
    expect(stored).toBe(6);
    expect(journal.put([notice("small"), notice(big)])).toBe(false);
    journal.lost(session, 3);
    journal.lost(session, 4);
    expect(logged.filter((line) => line.startsWith("error"))).toHaveLength(1);
    expect(texts()).toHaveLength(6);
    journal.ack(6);
    expect(texts(6)).toEqual(["gap 7"]);
    expect(journal.put([notice("after")])).toBe(true);
    expect(texts(6)).toEqual(["gap 7", "after"]);
  });

  test("puts the gap first when a small message fits where a large one did not", ({ expect }) => {
    const { journal, texts } = open(join(tempDir(), "agent.db"), { maxBytes: 64 * 1024 });
    while (journal.put([notice("x".repeat(10_000))]));
    journal.lost(session, 1);
    expect(journal.put([notice("small")])).toBe(true);
    expect(texts().slice(6)).toEqual(["gap 1", "small"]);
  });

  test("survives a restart", ({ expect }) => {
    const path = join(tempDir(), "agent.db");
    const first = open(path, { maxBytes: 64 * 1024 });
    while (first.journal.put([notice("x".repeat(10_000))]));
    first.journal.lost(session, 5);
    first.close();
    const second = open(path, { maxBytes: 64 * 1024 });
    second.journal.ack(6);
    expect(second.texts(6)).toEqual(["gap 5"]);
  });

  test("what was lost is told in time even when nothing else is put or acked", async ({ expect }) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { journal, texts } = open(join(tempDir(), "agent.db"));
    journal.lost(session, 2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(texts()).toEqual(["gap 2"]);
  });

  test("leaves room for results", ({ expect }) => {
    const { journal } = open(join(tempDir(), "agent.db"), { maxBytes: 64 * 1024 });
    while (journal.put([notice("x".repeat(1_000))]));
    const result: DaemonMessage = {
      kind: "result",
      id: newId("cmd"),
      session,
      result: { status: "cancelled" },
    };
    expect(journal.put([result])).toBe(true);
    expect(
      journal.put([{ ...result, result: { status: "failed", code: "x", message: "m".repeat(3000) } }]),
    ).toBe(false);
    expect(
      journal.store([{ ...result, result: { status: "failed", code: "x", message: "m".repeat(3000) } }], {
        reserve: true,
      }),
    ).toBe(true);
  });
});

describe("a full disk", () => {
  test("refuses puts with one clear line, counts the loss, and goes on when there is room", ({ expect }) => {
    const { journal, store, texts, logged } = open(join(tempDir(), "agent.db"));
    journal.put([notice("before")]);
    const pages = Number(store.db.prepare("PRAGMA page_count").get()?.page_count);
    store.db.exec(`PRAGMA max_page_count = ${pages + 2}`); // what SQLite then reports is SQLITE_FULL
    let stored = 0;
    while (journal.put([notice("x".repeat(2_000))])) stored += 1;
    expect(stored).toBeLessThan(10);
    journal.lost(session, 2);
    expect(logged).toEqual([
      expect.stringMatching(/^error: The journal takes nothing more: the disk is full/),
    ]);
    expect(journal.head()).toBe(1 + stored);
    store.db.exec("PRAGMA max_page_count = 1000000");
    journal.flush();
    expect(texts().slice(1 + stored)).toEqual(["gap 2"]);
    expect(journal.trouble()).toMatch(/^The journal takes nothing more: the disk is full/);
    expect(journal.put([notice("after")])).toBe(true);
    expect(journal.trouble()).toBeNull();
  });

  test("inside a caller's transaction fails the whole transaction", ({ expect }) => {
    const { journal, store } = open(join(tempDir(), "agent.db"));
    store.db.exec("CREATE TABLE mine (x)");
    const pages = Number(store.db.prepare("PRAGMA page_count").get()?.page_count);
    store.db.exec(`PRAGMA max_page_count = ${pages}`);
    expect(() =>
      store.transaction(() => {
        store.db.exec("INSERT INTO mine VALUES (1)");
        journal.put([notice("x".repeat(100_000))]);
      }),
    ).toThrow();
    expect([journal.head(), store.db.prepare("SELECT count(*) AS n FROM mine").get()?.n]).toEqual([0, 0]);
  });
});

test("kill -9 at any moment leaves whole puts, without holes, and everything that was reported stored", async ({
  expect,
}) => {
  const path = join(tempDir(), "agent.db");
  let reported = 0;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../testing/putUntilKilled.ts"), path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    while (!out.includes("\n")) await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, 30 + round * 23));
    child.kill("SIGKILL");
    await once(child, "close");
    reported = Number(out.trim().split("\n").at(-1));
    const { journal, store, close, texts } = open(path);
    // Every put is three messages with the same number, and a row of the caller's.
    const groups = texts();
    expect(groups.length % 3).toBe(0);
    expect(journal.head()).toBe(groups.length);
    expect(groups.length / 3).toBeGreaterThanOrEqual(reported);
    expect(groups).toEqual(Array.from({ length: groups.length }, (_, i) => String(Math.floor(i / 3) + 1)));
    expect(store.db.prepare("SELECT max(n) AS n FROM mine").get()?.n).toBe(groups.length / 3);
    close();
  }
  expect(reported).toBeGreaterThan(0);
});
