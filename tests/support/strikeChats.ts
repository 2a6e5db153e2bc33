import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { Random } from "../../protocol/testing/mutate.ts";
import { launchBrowser } from "./browser.ts";
import { CuttableProxy } from "./CuttableProxy.ts";
import { RemoteHost } from "./RemoteHost.ts";
import { Sights } from "./Sights.ts";
import { signIn } from "./SessionPage.ts";
import { Signalbox, until } from "./signalbox.ts";
import { StruckChat } from "./StruckChat.ts";

export type StrikeOptions = {
  /** Turns that must have been struck at least once before their end. */
  rounds: number;
  seed: number;
  /** Chats that are open at once: each blow strikes the turns of all of them, wherever each is. */
  chats: number;
  say: (line: string) => void;
};

/** What was done, and what was found. */
export type StrikeReport = {
  /** Turns that at least one blow fell on after their message was sent and before they ended. */
  rounds: number;
  turns: number;
  /** How often each kind of blow fell. */
  blows: Record<string, number>;
  /** Where the blows found the turns that they fell on. */
  stages: Record<string, number>;
  /** How the calls of all turns ended. */
  calls: Record<string, number>;
  /** Moments of the pages that were looked at. */
  sights: number;
  problems: string[];
};

/** Between the recovery from a blow and the next one, at most. */
const PAUSE_MS = 3_000;

/**
 * Lets several chats on one host take turns while its daemon, the edge, the runtime in it and the sockets of both the
 * daemon and the pages are struck at random moments, until enough turns were.
 */
export async function strikeChats({ rounds, seed, chats: count, say }: StrikeOptions): Promise<StrikeReport> {
  const random = new Random(seed);
  const signalbox = await Signalbox.start();
  const line = await CuttableProxy.start(signalbox.port);
  const browser = await launchBrowser();
  const host = await RemoteHost.enrol(signalbox, "struck");
  const over = new AbortController();
  const chats: StruckChat[] = [];
  try {
    const { context } = await signIn(browser, signalbox);
    const sights = await Sights.of(context);
    const url = `http://127.0.0.1:${line.port}`;
    for (let number = 0; number < count; number++) {
      const place = { host: host.id, cwd: host.dir, number, random: new Random(seed + 1 + number) };
      chats.push(await StruckChat.begin({ signalbox, context, url, ...place }));
    }
    const report = { rounds: 0, turns: 0, blows: {}, stages: {}, calls: {} };
    const struck: { from: number; to: number }[] = [];

    const talk = async (chat: StruckChat) => {
      while (report.rounds < rounds && !over.signal.aborted) {
        const { began, ended, states } = await chat.turn();
        report.turns++;
        for (const state of states) add(report.calls, state);
        // Both ends of the blow within the turn: what may have missed it does not count.
        if (struck.some(({ from, to }) => from > began && to < ended)) report.rounds++;
      }
    };
    const strike = async () => {
      const deck = blowsOn(signalbox, host, line);
      while (!over.signal.aborted) {
        // One in four falls into the recovery from the one before; with more of them nothing would ever go on.
        if (random.below(4) !== 0) await recovered(signalbox, host);
        await sleep(random.below(PAUSE_MS));
        const [name, blow] = random.pick(deck);
        if (random.below(2) === 0) await aCallRuns(chats);
        const stages = chats.flatMap(({ stage }) => stage ?? []);
        const from = Date.now();
        await blow();
        struck.push({ from, to: Date.now() });
        add(report.blows, name);
        for (const stage of stages) add(report.stages, stage);
        say(`${name}; ${report.rounds} of ${rounds} rounds; turns: ${stages.join(", ")}`);
      }
    };
    const striking = strike();
    await Promise.all(chats.map(talk)).finally(() => over.abort());
    await striking;
    await recovered(signalbox, host);
    const problems = [...sights.problems];
    for (const chat of chats) problems.push(...(await chat.problems()));
    return { ...report, sights: sights.count, problems };
  } finally {
    over.abort();
    for (const chat of chats) chat.stop();
    await browser.close();
    await host.stop();
    line.stop();
    await signalbox.stop();
  }
}

type Blow = readonly [name: string, strike: () => Promise<void>];

/** What can be struck; the edge's process seldom, since its supervisor takes longer each time. */
function blowsOn(signalbox: Signalbox, host: RemoteHost, line: CuttableProxy): readonly [Blow, ...Blow[]] {
  const daemon = ["daemon killed", () => host.kill().then(() => void host.run())] as const;
  const runtime = ["runtime killed", () => signalbox.killRuntime()] as const;
  const edge = ["edge killed", () => signalbox.kill("edge")] as const;
  const link = ["link cut", async () => host.proxy.cut()] as const;
  const pages = ["pages cut", async () => line.cut()] as const;
  return [daemon, daemon, daemon, daemon, runtime, runtime, edge, link, link, link, pages, pages];
}

async function recovered(signalbox: Signalbox, host: RemoteHost): Promise<void> {
  await signalbox.api(z.unknown(), "/api/hosts");
  await host.presence("online");
}

/** The moment that is hardest to survive; when it does not come soon, another will do. */
async function aCallRuns(chats: StruckChat[]): Promise<void> {
  await until("a call", () => chats.some(({ stage }) => stage === "on the host"), 2_000).catch(() => null);
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
