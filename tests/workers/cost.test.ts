import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { test } from "vitest";
import * as z from "zod";
import { countD1, countStorage, readCounters } from "../../bench/worker/counters.ts";
import { aChat, carryOut, decide, output } from "./support/chat.ts";

const Kinds = z.object({ session: z.number(), host: z.number(), hub: z.number() });
const Counters = z.object({ rows: Kinds, alarmsSet: Kinds, d1Rows: z.number() });

/** Longer than anything that is told of a turn gathers. */
const SETTLE_MS = 1_000;

type Rows = z.infer<typeof Kinds> & { d1: number };
const KINDS = ["session", "host", "hub", "d1"] as const;

/** The rows that a piece of work writes, and what is told of it afterwards; an alarm that is set is one. */
async function rowsOf(work: () => Promise<void>): Promise<Rows> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = Counters.parse(readCounters());
  await work();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const after = Counters.parse(readCounters());
  const of = (kind: keyof typeof after.rows) =>
    after.rows[kind] - before.rows[kind] + after.alarmsSet[kind] - before.alarmsSet[kind];
  return {
    session: of("session"),
    host: of("host"),
    hub: of("hub"),
    d1: after.d1Rows - before.d1Rows,
  };
}

// Rows written are billed. What is counted may hold an alarm of the turn before; a row that is new in a turn does not fit.
test("a turn, and a call that a person allows, write no more rows than they did", async ({ expect }) => {
  const chat = await aChat();
  countD1(env.DB);
  for (const [kind, stub] of [
    ["session", env.SESSION.getByName(`main/${chat.id}`)],
    ["host", env.HOST.getByName(`main/${chat.host}`)],
    ["hub", env.HUB.getByName("main")],
  ] as const)
    await runInDurableObject(stub, (_, { storage }) => countStorage(kind, storage));
  const turn = async (text: string) => {
    await chat.say(text);
    await chat.until("idle");
  };
  await turn("say hello");
  const plain = await rowsOf(() => turn("say hello again"));
  const long = await rowsOf(() => turn("long 3000"));
  const approved = await rowsOf(async () => {
    await chat.say("run echo hi");
    const [approval] = (await chat.pending()) ?? [];
    if (approval === undefined) throw new Error("no approval");
    await decide(approval, { decision: "allow" });
    await carryOut(chat.daemon, chat.id, output("hi"));
    await chat.until("idle");
  });
  const beyond = (rows: Rows, most: Rows) =>
    KINDS.flatMap((kind) => (rows[kind] > most[kind] ? [`${kind}: ${rows[kind]}`] : []));
  expect(beyond(plain, { session: 17, host: 3, hub: 4, d1: 6 })).toEqual([]);
  expect(beyond(long, { session: 22, host: 3, hub: 4, d1: 6 })).toEqual([]);
  expect(beyond(approved, { session: 57, host: 7, hub: 14, d1: 22 })).toEqual([]);
});
