import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, onTestFinished, test } from "vitest";
import type { Command, CommandResult } from "../../protocol/commands.ts";
import { newId } from "../../protocol/ids.ts";
import { DaemonMessage } from "../../protocol/link.ts";
import { DONE } from "../parts.ts";
import type { CommandContext, Part } from "../parts.ts";
import { openStore } from "../store.ts";
import { makeManualClock } from "../testing/manualClock.ts";
import { tempDir } from "../testing/tempDir.ts";
import { KEEP_RESULTS_MS, openCommandJournal } from "./commandJournal.ts";
import { startExecutor } from "./executor.ts";
import { openJournal } from "./journal.ts";

const session = newId("ses");
const other = newId("ses");
const TYPE: Command = { type: "send_input", text: "hello" };
const HOUR = 3_600_000;

/** A part whose commands end when the test says so. */
function makePart() {
  const started: { command: Command; context: CommandContext; end: (result: CommandResult) => void }[] = [];
  const part: Part = {
    handles: () => true,
    run(command, context) {
      const { promise, resolve } = Promise.withResolvers<CommandResult>();
      started.push({ command, context, end: resolve });
      return promise;
    },
    stop: async () => {},
  };
  const end = async (index: number, result: CommandResult = DONE) => {
    started[index]?.end(result);
    await settled();
  };
  return { part, started, end };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function open(options: { path?: string; parts?: Part[]; now?: () => number } = {}) {
  const path = options.path ?? join(tempDir(), "agent.db");
  const store = openStore(path);
  const now = options.now ?? Date.now;
  const journal = openJournal({ store, maxBytes: 1e9, log: () => {}, now });
  const commands = openCommandJournal({ store, journal, log: () => {}, now });
  const clock = makeManualClock();
  const { part, started, end } = makePart();
  const executor = startExecutor({ commands, parts: options.parts ?? [part], clock, log: () => {} });
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    journal.stop();
    store.close();
  };
  onTestFinished(close);
  const results = (after = 0) =>
    journal.read(after, { messages: 1e6, bytes: 1e12 }).flatMap(({ json }) => {
      const message = DaemonMessage.parse(JSON.parse(json));
      return message.kind === "result" ? [`${message.id} ${message.result.status}`] : [];
    });
  const accept = (id: string, ttlMs = HOUR, to = session, command = TYPE) =>
    executor.accept({ id, session: to, command, ttlMs });
  return { path, store, journal, commands, clock, executor, started, end, close, results, accept };
}

test("a command that does nothing a second time is not given up by a process that died with it", async ({
  expect,
}) => {
  const repeated = () => ({ ...makePart().part, repeats: () => true });
  const id = newId("cmd");
  const first = open({ parts: [repeated()] });
  first.accept(id);
  await settled();
  first.close();
  const second = open({ path: first.path, parts: [{ ...repeated(), run: async () => DONE }] });
  expect(second.results()).toEqual([]);
  second.accept(id);
  await settled();
  expect(second.results()).toEqual([`${id} done`]);
  second.accept(id);
  await settled();
  expect(second.results()).toEqual([`${id} done`]);
});

test("what a part can still tell of a command that a process died with is its result; what never began comes again", async ({
  expect,
}) => {
  const [ran, never, unknown, later] = [newId("cmd"), newId("cmd"), newId("cmd"), newId("cmd")];
  const first = open();
  for (const id of [ran, never, unknown]) first.commands.begin(id, id === ran ? session : newId("ses"));
  first.close();
  const { part, started } = makePart();
  const followed = Promise.withResolvers<CommandResult>();
  const contexts: CommandContext[] = [];
  const recorded: string[] = [];
  const knows: Part = {
    ...part,
    left(id) {
      if (id === unknown) return null;
      if (id === never) return { begun: false };
      return { begun: true, follow: (context) => (contexts.push(context), followed.promise) };
    },
    settled: (id) => void recorded.push(id),
  };
  const second = open({ path: first.path, parts: [knows] });
  expect(second.results()).toEqual([`${unknown} indeterminate`]);
  for (const id of [ran, later]) second.accept(id);
  second.accept(never, HOUR, other);
  // What is followed runs: what comes after it in its session waits, and it comes no second time.
  expect(started.map(({ context }) => context.id)).toEqual([never]);
  second.executor.cancel(ran, session);
  expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true]);
  followed.resolve(DONE);
  await settled();
  expect(started.map(({ context }) => context.id)).toEqual([never, later]);
  expect(second.results()).toEqual([`${unknown} indeterminate`, `${ran} done`]);
  expect(recorded.toSorted()).toEqual([never, unknown, ran].toSorted());
});

test("what a part notes of a command's beginning stands or falls with it", async ({ expect }) => {
  const { part, started } = makePart();
  const noted: string[] = [];
  const { accept, results, commands } = open({
    parts: [{ ...part, begins: (_command, id) => void noted.push(id) }],
  });
  const id = newId("cmd");
  accept(id);
  expect([noted, started.length]).toEqual([[id], 1]);
  const failing = newId("cmd");
  expect(() =>
    commands.begin(failing, session, () => {
      throw new Error("not noted");
    }),
  ).toThrow("not noted");
  expect(commands.look(failing)).toEqual({ known: "new" });
  expect(results()).toEqual([]);
});

test("a decision on a request that no part knows fails as that", async ({ expect }) => {
  const { part } = makePart();
  const { accept, journal } = open({ parts: [{ ...part, handles: () => false }] });
  accept(newId("cmd"), HOUR, session, { type: "decide", request: "r", allow: true });
  await settled();
  const [message] = journal.read(0, { messages: 10, bytes: 1e6 }).map(({ json }) => JSON.parse(json));
  expect(message).toMatchObject({ kind: "result", result: { status: "failed", code: "no_such_request" } });
});

describe("order", () => {
  test("is serial in a session and parallel across sessions", async ({ expect }) => {
    const { accept, started, end, results } = open();
    const [a, b, c] = [newId("cmd"), newId("cmd"), newId("cmd")];
    accept(a);
    accept(b);
    accept(c, HOUR, other);
    expect(started.map((each) => each.context.id)).toEqual([a, c]);
    await end(0);
    expect(started.map((each) => each.context.id)).toEqual([a, c, b]);
    await end(2);
    await end(1);
    expect(results()).toEqual([`${a} done`, `${b} done`, `${c} done`]);
  });

  test("lets commands that only look run side by side, up to a bound, and nothing past one that does not", async ({
    expect,
  }) => {
    const { executor, accept, started, end, results } = open();
    const tool = (name: string): Command => ({ type: "tool", tool: name, input: {}, root: "/work" });
    const names = [
      ["read_file", "search_files", "list_files", "git_status", "git_diff"],
      ["write_file", "run_command", "read_file", "read_pane", "no_such_tool", "read_file"],
    ].flat();
    const ids = names.map(() => newId("cmd"));
    for (const [n, id] of ids.entries()) accept(id, HOUR, session, tool(names[n] ?? ""));
    const begun = () => started.map(({ context }) => ids.indexOf(context.id));
    expect(begun()).toEqual([0, 1, 2, 3]);
    await end(2);
    expect(begun()).toEqual([0, 1, 2, 3, 4]);
    for (const n of [0, 1, 3]) await end(n);
    expect(begun(), "a write waits for every read before it").toHaveLength(5);
    await end(4);
    expect(begun()).toEqual([0, 1, 2, 3, 4, 5]);
    await end(5);
    expect(begun(), "one by one").toEqual([0, 1, 2, 3, 4, 5, 6]);
    await end(6);
    expect(begun(), "what comes after it sees what it did").toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    executor.cancel(ids[8] ?? "", session);
    expect(started.map(({ context }) => context.signal.aborted).indexOf(true)).toBe(8);
    await end(8, { status: "cancelled" });
    expect(begun()).toHaveLength(9);
    await end(7);
    expect(begun().at(-1), "what is not known may do anything").toBe(9);
    await end(9);
    await end(10);
    expect(results()).toHaveLength(names.length);
  });

  test("goes on after a command that fails, and after a part that breaks", async ({ expect }) => {
    const broken: Part = {
      handles: () => true,
      run: (_command, context) =>
        context.id === a ? Promise.reject(new Error("oops")) : Promise.resolve(DONE),
      stop: async () => {},
    };
    const [a, b] = [newId("cmd"), newId("cmd")];
    const { accept, results } = open({ parts: [broken] });
    accept(a);
    accept(b);
    await settled();
    expect(results()).toEqual([`${a} failed`, `${b} done`]);
  });

  test("refuses what no part carries out", async ({ expect }) => {
    const { accept, results } = open({ parts: [] });
    const id = newId("cmd");
    accept(id);
    await settled();
    expect(results()).toEqual([`${id} failed`]);
  });
});

describe("twice", () => {
  test("while it waits or runs: it runs once", async ({ expect }) => {
    const { accept, started, end, results } = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    accept(a);
    accept(b);
    accept(a);
    accept(b);
    await end(0);
    await end(1);
    expect(started).toHaveLength(2);
    expect(results()).toEqual([`${a} done`, `${b} done`]);
  });

  test("after it ended: the recorded result goes out again only when the edge has lost it", async ({
    expect,
  }) => {
    const { accept, started, end, results, journal } = open();
    const id = newId("cmd");
    accept(id);
    await end(0, { status: "failed", code: "x", message: "no" });
    accept(id);
    expect(results()).toEqual([`${id} failed`]); // the first is still on its way
    journal.ack(1);
    accept(id);
    expect(results(1)).toEqual([`${id} failed`]);
    expect(started).toHaveLength(1);
  });

  test("after a restart: the recorded result", async ({ expect }) => {
    const first = open();
    const id = newId("cmd");
    first.accept(id);
    await first.end(0);
    first.journal.ack(1);
    first.close();
    const second = open({ path: first.path });
    second.accept(id);
    expect(second.results(1)).toEqual([`${id} done`]);
    expect(second.started).toHaveLength(0);
  });
});

describe("late", () => {
  test("on arrival: expired, and it never runs", ({ expect }) => {
    const { accept, started, results } = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    accept(a, 0);
    accept(b, -5);
    accept(a, HOUR);
    expect(results()).toEqual([`${a} expired`, `${b} expired`]);
    expect(started).toHaveLength(0);
  });

  test("on arrival, but it has run: its result", async ({ expect }) => {
    const { accept, end, results, journal } = open();
    const id = newId("cmd");
    accept(id, 1_000);
    await end(0);
    journal.ack(1);
    accept(id, -1);
    expect(results(1)).toEqual([`${id} done`]);
  });

  test("while it waits: expired at its time, not when its turn comes", ({ expect }) => {
    const { accept, clock, results, started } = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    accept(a);
    accept(b, 1_000);
    clock.pass(999);
    expect(results()).toEqual([]);
    clock.pass(1);
    expect(results()).toEqual([`${b} expired`]);
    expect(started).toHaveLength(1);
  });

  test("a repeated command brings the edge's newer idea of the time left", ({ expect }) => {
    const { accept, clock, results } = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    accept(a);
    accept(b, HOUR);
    accept(b, 10);
    clock.pass(10);
    expect(results()).toEqual([`${b} expired`]);
  });

  test("while it runs: it is let finish", async ({ expect }) => {
    const { accept, clock, results, end } = open();
    const id = newId("cmd");
    accept(id, 10);
    clock.pass(1_000);
    accept(id, -1);
    await end(0);
    expect(results()).toEqual([`${id} done`]);
  });

  test("after more time than a Node timer can hold", ({ expect }) => {
    const { accept, clock, results } = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    accept(a);
    accept(b, 30 * 24 * HOUR);
    clock.pass(29 * 24 * HOUR);
    expect(results()).toEqual([]);
    clock.pass(24 * HOUR);
    expect(results()).toEqual([`${b} expired`]);
  });
});

describe("cancel", () => {
  test("before it runs: cancelled, and the next goes on", async ({ expect }) => {
    const { accept, executor, end, started, results } = open();
    const [a, b, c] = [newId("cmd"), newId("cmd"), newId("cmd")];
    for (const id of [a, b, c]) accept(id);
    executor.cancel(b, session);
    executor.cancel(b, session);
    await end(0);
    expect(started.map((each) => each.context.id)).toEqual([a, c]);
    expect(results()).toEqual([`${b} cancelled`, `${a} done`]);
  });

  test("while it runs: its signal, and whatever it then says", async ({ expect }) => {
    const { accept, executor, end, started, results } = open();
    const id = newId("cmd");
    accept(id);
    expect(started[0]?.context.signal.aborted).toBe(false);
    executor.cancel(id, session);
    expect(started[0]?.context.signal.aborted).toBe(true);
    await end(0, { status: "cancelled" });
    expect(results()).toEqual([`${id} cancelled`]);
  });

  test("after it ended: the recorded result", async ({ expect }) => {
    const { accept, executor, end, results, journal } = open();
    const id = newId("cmd");
    accept(id);
    await end(0);
    journal.ack(1);
    executor.cancel(id, session);
    expect(results(1)).toEqual([`${id} done`]);
  });

  test("of an unknown id: it is answered, and the command does not run when it comes after all", ({
    expect,
  }) => {
    const { accept, executor, started, results } = open();
    const id = newId("cmd");
    executor.cancel(id, session);
    accept(id);
    expect(results()).toEqual([`${id} cancelled`]);
    expect(started).toHaveLength(0);
  });
});

describe("a crash", () => {
  test("between begin and result: indeterminate, told at once, and never run again", async ({ expect }) => {
    const first = open();
    const id = newId("cmd");
    first.accept(id);
    first.close(); // the process is gone; nothing was recorded after the begin
    const second = open({ path: first.path });
    expect(second.results()).toEqual([`${id} indeterminate`]);
    second.accept(id);
    second.executor.cancel(id, session);
    expect(second.started).toHaveLength(0);
    expect(second.results()).toEqual([`${id} indeterminate`]);
  });

  test("while it waited: it runs when the edge sends it again", async ({ expect }) => {
    const first = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    first.accept(a);
    first.accept(b);
    first.close();
    const second = open({ path: first.path });
    second.accept(b);
    await second.end(0);
    expect(second.results()).toEqual([`${a} indeterminate`, `${b} done`]);
  });

  test("by kill -9 of a real process in the middle of a command", async ({ expect }) => {
    const dir = tempDir();
    for (let round = 0; round < 4; round++) {
      const path = join(dir, `${round}.db`);
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, "../testing/runUntilKilled.ts"), path, String(round * 7)],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let out = "";
      child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
      while (out.split("\n").length < 12) await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "close");
      // It says an id when the command acts; each acts once, and each has one result afterwards.
      const acted = out
        .trim()
        .split("\n")
        .filter((line) => line.length === 30);
      expect(new Set(acted).size).toBe(acted.length);
      const after = open({ path });
      for (const id of acted) after.accept(id);
      await settled();
      expect(after.started).toHaveLength(0);
      const told = after.results().map((line) => line.split(" ")[0]);
      expect(new Set(told).size).toBe(told.length);
      for (const id of acted) expect(told).toContain(id);
      expect(after.results().filter((line) => line.endsWith("indeterminate")).length).toBeLessThanOrEqual(1);
      after.close();
    }
  });
});

describe("a disk that takes nothing", () => {
  test("keeps a command from running until it can be noted", async ({ expect }) => {
    const { accept, started, store, clock } = open();
    store.db.exec(
      `PRAGMA max_page_count = ${Number(store.db.prepare("PRAGMA page_count").get()?.page_count)}`,
    );
    const ids = Array.from({ length: 400 }, () => newId("cmd"));
    for (const id of ids) accept(id, HOUR, newId("ses"));
    const ran = started.length;
    expect(ran).toBeLessThan(400);
    store.db.exec("PRAGMA max_page_count = 1000000");
    clock.pass(2_000);
    expect(started.map((each) => each.context.id).sort()).toEqual([...ids].sort());
  });

  test("holds a session's next command until the result is recorded", async ({ expect }) => {
    const { accept, started, end, store, clock, results } = open();
    const [a, b] = [newId("cmd"), newId("cmd")];
    accept(a);
    accept(b);
    store.db.exec(
      `PRAGMA max_page_count = ${Number(store.db.prepare("PRAGMA page_count").get()?.page_count)}`,
    );
    const text = "x".repeat(100_000);
    await end(0, {
      status: "done",
      value: { type: "snapshot", text, cols: 80, rows: 24, cursor: { x: 0, y: 0 } },
    });
    expect([started.length, results()]).toEqual([1, []]);
    store.db.exec("PRAGMA max_page_count = 1000000");
    clock.pass(2_000);
    expect(results()).toEqual([`${a} done`]);
    expect(started).toHaveLength(2);
  });
});

test("stop lets a running command end, then aborts it", async ({ expect }) => {
  const { accept, executor, clock, started, end, results } = open();
  const [a, b] = [newId("cmd"), newId("cmd")];
  accept(a);
  accept(b);
  const stopping = executor.stop();
  clock.pass(2_999);
  await settled();
  expect(started[0]?.context.signal.aborted).toBe(false);
  clock.pass(1);
  await settled();
  expect(started[0]?.context.signal.aborted).toBe(true);
  await end(0, { status: "cancelled" });
  await stopping;
  expect(started).toHaveLength(1); // what waited stays with the edge
  expect(results()).toEqual([`${a} cancelled`]);
});

test("prune forgets old results that the edge has, and no others", async ({ expect }) => {
  let now = 1_000;
  const { accept, end, journal, commands } = open({ now: () => now });
  const [a, b] = [newId("cmd"), newId("cmd")];
  accept(a);
  await end(0);
  accept(b);
  await end(1);
  journal.ack(1);
  now += KEEP_RESULTS_MS + 1;
  commands.prune();
  expect([commands.look(a).known, commands.look(b).known]).toEqual(["new", "done"]);
  journal.renew();
  journal.ack(1);
  commands.prune();
  expect(commands.look(b).known).toBe("new");
});
