import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { CommandAnswer, CreateSession } from "../../protocol/api.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { isEnded, Session } from "../../protocol/session.ts";
import { Follower, numbersOf } from "../support/Follower.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { ROOT, Signalbox, until } from "../support/signalbox.ts";

const COUNTER = `agents: { codex: ${join(ROOT, "tests/support/counterCodex.mjs")} }\n`;
const COUNT = 10_000;
const EVERY = Array.from({ length: COUNT }, (_, i) => i + 1);
let signalbox: Signalbox;

beforeAll(async () => {
  signalbox = await Signalbox.start();
});
afterAll(() => signalbox.stop());

async function startCounting(host: RemoteHost, count = COUNT): Promise<string> {
  const prompt = `COUNT: ${count}\nRATE: 1500`;
  const body = CreateSession.parse({ provider: "codex", host: host.id, cwd: host.dir, prompt });
  return (await signalbox.api(Session, "/api/sessions", { body })).id;
}

const session = (id: string) => signalbox.api(Session, `/api/sessions/${id}`);
const ended = (id: string) => until("the job to end", async () => isEnded(await session(id)), 90_000);

describe("a host behind a line that breaks", () => {
  test("loses and doubles nothing while its connection is cut, refused or dead (8 times)", async ({
    expect,
  }) => {
    const host = await RemoteHost.enrol(signalbox, "cut", COUNTER);
    const random = new Random(11);
    const id = await startCounting(host);
    const follower = new Follower(signalbox.url, id, signalbox.token);
    await until("the count to begin", () => numbersOf(follower.events).length > 0);
    for (let round = 0; round < 8; round++) {
      await sleep(100 + random.below(900));
      if (round % 3 === 1) host.proxy.refusing = true;
      host.proxy.cut();
      await sleep(random.below(400));
      host.proxy.refusing = false;
      if (round % 2 === 0) follower.drop();
    }
    await ended(id);
    const head = (await session(id)).seq;
    await until("the follower to have it all", () => follower.events.at(-1)?.seq === head);
    follower.stop();
    expect(follower.problem).toBeNull();
    expect(follower.gaps).toBe(0);
    expect(numbersOf(follower.events)).toEqual(EVERY);
    await host.stop();
  });

  test("notices a dead line by its silence, and catches up", async ({ expect }) => {
    const host = await RemoteHost.enrol(signalbox, "silent", COUNTER);
    const id = await startCounting(host, 3_000);
    const follower = new Follower(signalbox.url, id, signalbox.token);
    await until("the count to begin", () => numbersOf(follower.events).length > 0);
    host.proxy.freeze();
    await ended(id);
    await until("the follower to have it all", () => numbersOf(follower.events).length === 3_000);
    follower.stop();
    expect(numbersOf(follower.events)).toEqual(EVERY.slice(0, 3_000));
    await host.stop();
  });

  test("with its state wiped is taken for a new journal: nothing old is doubled, nothing new is lost", async ({
    expect,
  }) => {
    const host = await RemoteHost.enrol(signalbox, "wiped", COUNTER);
    const first = await startCounting(host, 500);
    await ended(first);
    const seq = (await session(first)).seq;
    await host.kill();
    for (const file of ["agent.db", "agent.db-wal", "agent.db-shm", "jobs"])
      rmSync(join(host.dir, "state", file), { recursive: true, force: true });
    await host.start();
    const second = await startCounting(host, 500);
    await ended(second);
    const follower = new Follower(signalbox.url, second, signalbox.token);
    await until("the second count", () => numbersOf(follower.events).length === 500);
    follower.stop();
    expect((await session(first)).seq).toBe(seq);
    await host.stop();
  });
});

describe("a daemon of which there are two", () => {
  test("on one state directory: the second says that one runs", async ({ expect }) => {
    const host = await RemoteHost.enrol(signalbox, "twice");
    const second = host.run();
    const code = await new Promise<number | null>((resolve) => second.on("exit", resolve));
    expect(code).not.toBe(0);
    expect(host.output).toContain("A daemon already runs on the state directory");
    await host.presence("online");
    await host.stop();
  });
});

describe("a command for a host that is away", () => {
  const answer = (id: string, command: string) =>
    signalbox.api(CommandAnswer, `/api/sessions/${id}/commands/${command}`);
  const post = (id: string, body: object) =>
    signalbox.api(CommandAnswer, `/api/sessions/${id}/commands`, { body });

  test("arrives once when it is back, in order, or is reported expired, or is taken back", async ({
    expect,
  }) => {
    const host = await RemoteHost.enrol(signalbox, "asleep", COUNTER);
    const id = await startCounting(host, 1);
    await ended(id);
    await host.kill();
    await host.presence("offline");
    const start = { type: "codex_start", cwd: host.dir };
    const late = await post(id, { ...start, prompt: "COUNT: 2", expires_in_ms: 1 });
    const kept = await post(id, { ...start, prompt: "COUNT: 3" });
    const takenBack = await post(id, { ...start, prompt: "COUNT: 4" });
    expect([late.status, kept.status, takenBack.status]).toEqual(["queued", "queued", "queued"]);
    await signalbox.api(z.unknown(), `/api/sessions/${id}/commands/${takenBack.id}`, { method: "DELETE" });
    await until("the expiry", async () => (await answer(id, late.id)).status === "expired");
    await host.start();
    await until("the command to be done", async () => (await answer(id, kept.id)).status === "done");
    await ended(id);
    const follower = new Follower(signalbox.url, id, signalbox.token);
    await until("all events", async () => follower.events.at(-1)?.seq === (await session(id)).seq);
    follower.stop();
    // One number of the first turn, three of the one that waited; nothing of the two that never ran.
    expect(numbersOf(follower.events)).toEqual([1, 1, 2, 3]);
    expect((await answer(id, takenBack.id)).status).toBe("cancelled");
    await host.stop();
  });
});
