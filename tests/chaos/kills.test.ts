import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { CreateSession } from "../../protocol/api.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { Session, isEnded } from "../../protocol/session.ts";
import { Follower, numbersOf } from "../support/Follower.ts";
import { readLog } from "../support/readLog.ts";
import { ROOT, Signalbox, until } from "../support/signalbox.ts";

/** Numbers a job counts to in each scenario, and kills while it does. */
const COUNT = 10_000;
const ROUNDS = 5;
const SEED = 7;

const HostList = z.object({ items: z.array(z.object({ id: z.string(), presence: z.string() })) });

let signalbox: Signalbox;

beforeAll(async () => {
  signalbox = await Signalbox.start({
    config: `agents: { codex: ${join(ROOT, "tests/support/counterCodex.mjs")} }\n`,
  });
});
afterAll(() => signalbox.stop());

async function onlineHost(): Promise<string> {
  return until("an online host", async () => {
    const { items } = await signalbox.api(HostList, "/api/hosts");
    return items.find(({ presence }) => presence === "online")?.id;
  });
}

async function startCounting(): Promise<string> {
  const body = CreateSession.parse({
    provider: "codex",
    host: await onlineHost(),
    cwd: signalbox.work,
    prompt: `COUNT: ${COUNT}\nRATE: 1200`,
  });
  return (await signalbox.api(Session, "/api/sessions", { body })).id;
}

/** Counts while `harm` is done ROUNDS times at seeded moments; then log and follower must hold every number once, in order. */
async function survive(
  harm: (random: Random) => Promise<void>,
): Promise<{ numbers: number[]; seen: number[]; follower: Follower }> {
  const random = new Random(SEED);
  const session = await startCounting();
  const follower = new Follower(signalbox.url, session, signalbox.token);
  await until("the count to begin", () => numbersOf(follower.events).length > 0);
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(200 + random.below(1_300));
    await harm(random);
  }
  await until(
    "the job to end",
    async () => isEnded(await signalbox.api(Session, `/api/sessions/${session}`)),
    120_000,
  );
  const events = await readLog(signalbox, session);
  await until("the follower to have it all", () => follower.events.at(-1)?.seq === events.at(-1)?.seq);
  follower.stop();
  return { numbers: numbersOf(events), seen: numbersOf(follower.events), follower };
}

const EVERY = Array.from({ length: COUNT }, (_, i) => i + 1);

describe("a counter counts to ten thousand while", () => {
  const scenarios: [string, (random: Random) => Promise<void>][] = [
    ["the daemon is killed", () => signalbox.kill("agent")],
    ["the edge is killed", () => signalbox.kill("edge")],
    [
      "both are killed",
      async () => void (await Promise.all([signalbox.kill("agent"), signalbox.kill("edge")])),
    ],
    [
      "one or the other is killed, twice in a row",
      async (random) => {
        await signalbox.kill(random.pick(["agent", "edge"]));
        await sleep(random.below(300));
        await signalbox.kill(random.pick(["agent", "edge"]));
      },
    ],
  ];
  for (const [name, harm] of scenarios) {
    test(`${name} (${ROUNDS} times)`, async ({ expect }) => {
      const { numbers, seen, follower } = await survive(harm);
      expect(follower.problem).toBeNull();
      expect(follower.gaps).toBe(0);
      expect(numbers).toEqual(EVERY);
      expect(seen).toEqual(EVERY);
    });
  }
});
