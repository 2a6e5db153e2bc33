import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { Approval } from "../../protocol/approvals.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import type { RemoteHost } from "./RemoteHost.ts";
import { ApiFailure, until, type Signalbox } from "./signalbox.ts";

/** Between the moment that all wait and a blow, or an answer, at most. */
const SPREAD_MS = 1_500;
const ANSWERS = ["allow", "allow", "allow", "deny", "deny", "screen", "screen", "both", "both"] as const;
/** Where a request is answered, and how: on the page, at the terminal (always yes), or on both. */
export type Answer = (typeof ANSWERS)[number];

/** A real agent in a pane of a remote host. */
export type StruckAgent = {
  session: string;
  /** Lets it ask to run a command. */
  ask(command: string): Promise<void>;
  /** Whether its dialog is open. */
  asks(): boolean | Promise<boolean>;
  /** Says yes at the terminal, until its dialog has gone: that must work whatever is struck. */
  sayYes(): Promise<void>;
  /** Whether it has an answer for a command. */
  isAnswered(command: string): boolean;
  /** Whether what is said of an approval is what it did. */
  fits(approval: Approval, command: string, answer: Answer, times: number): boolean;
  /** All there is to see of a command, for a test that fails. */
  inWords(command: string): string | Promise<string>;
};

export type StrikeOptions = {
  signalbox: Signalbox;
  host: RemoteHost;
  agents: readonly StruckAgent[];
  /** How the agent calls its shell. */
  tool: string;
  /** Where commands write that they ran. */
  ran: string;
  waves: number;
  seed: number;
};

/**
 * Lets every agent ask, strikes daemon, edge or link while decisions are made, and follows each request to its end; wave
 * by wave. Tells what was wrong, and how the approvals ended.
 */
export async function strikeRequests({ signalbox, host, agents, tool, ran, waves, seed }: StrikeOptions) {
  const outcomes: Partial<Record<Approval["delivery"], number>> = {};
  const commandOf = (id: string) => `echo ${id} >> ${ran}`;
  const timesRun = (id: string) =>
    existsSync(ran)
      ? readFileSync(ran, "utf8")
          .split("\n")
          .filter((line) => line === id).length
      : 0;
  async function approvalOf({ session }: StruckAgent, id: string): Promise<Approval | undefined> {
    const path = `/api/approvals?session=${session}`;
    const { items } = await signalbox.api(z.object({ items: z.array(Approval) }), path);
    const mine = items.filter(({ summary }) => summary === `${tool} ${commandOf(id)}`);
    if (mine.length > 1) throw new Error(`${id} is asked ${mine.length} times`);
    return mine[0];
  }
  async function decide({ id }: Approval, decision: "allow" | "deny"): Promise<void> {
    await signalbox
      .api(z.unknown(), `/api/approvals/${id}/decision`, { body: { decision } })
      .catch((error: unknown) => {
        // Decided already: by the same call, whose answer was lost, or at the terminal.
        if (!(error instanceof ApiFailure && error.status === 409)) throw error;
      });
  }
  const killDaemon = () => host.kill().then(() => void host.run());
  const blows = [
    { name: "daemon killed", strike: killDaemon },
    { name: "daemon killed", strike: killDaemon },
    { name: "edge killed", strike: () => signalbox.kill("edge") },
    { name: "runtime killed", strike: () => signalbox.killRuntime() },
    { name: "link cut", strike: async () => host.proxy.cut() },
    {
      name: "daemon and runtime killed",
      strike: async () => {
        await Promise.all([host.kill(), signalbox.killRuntime()]);
        host.run();
      },
    },
  ] as const;

  /** One request through one blow, to its end; what is wrong with that end. */
  async function round(each: StruckAgent, id: string, random: Random, struck: Promise<void>) {
    const answer = random.pick(ANSWERS);
    const command = commandOf(id);
    const approval = await approvalOf(each, id);
    if (approval === undefined) return [`${id} was not asked`];
    const [byPage, byScreen] = [random.below(SPREAD_MS), random.below(SPREAD_MS)];
    const denies = answer === "deny" || (answer === "both" && byPage % 2 === 0);
    await Promise.all([
      ...(answer === "screen" ? [] : [sleep(byPage).then(() => decide(approval, denies ? "deny" : "allow"))]),
      ...(answer === "screen" || answer === "both" ? [sleep(byScreen).then(() => each.sayYes())] : []),
      struck,
    ]);
    const fits = async () => {
      if (!each.isAnswered(command)) return false;
      const last = await approvalOf(each, id);
      return last !== undefined && each.fits(last, command, answer, timesRun(id));
    };
    const well = await until("the truth to be told", fits, 90_000).catch(() => false);
    const last = await approvalOf(each, id);
    if (last !== undefined) outcomes[last.delivery] = (outcomes[last.delivery] ?? 0) + 1;
    if (well) return [];
    const stands = `${id} (${answer}) is ${last?.status}, ${last?.delivery}, and ran ${timesRun(id)} times`;
    return [`${stands}\n${await each.inWords(command)}\n${host.output.slice(-2000)}`];
  }

  const random = new Random(seed);
  const problems: string[] = [];
  for (let wave = 0; wave < waves; wave++) {
    const ids = agents.map((each, number) => ({ each, id: `${wave}-${number}` }));
    await Promise.all(ids.map(({ each, id }) => each.ask(commandOf(id))));
    await until(`wave ${wave} to be asked`, async () => {
      const asked = await Promise.all(ids.map(({ each, id }) => approvalOf(each, id)));
      const open = await Promise.all(agents.map((each) => each.asks()));
      return asked.every((approval) => approval !== undefined) && open.every(Boolean);
    });
    const { name, strike } = random.pick(blows);
    const struck = sleep(random.below(SPREAD_MS)).then(strike);
    const seeds = ids.map(() => random.below(2 ** 30));
    const found = await Promise.all(
      ids.map(({ each, id }, at) => round(each, id, new Random(seeds[at] ?? 0), struck)),
    );
    problems.push(...found.flat().map((problem) => `${name}: ${problem}`));
    await host.presence("online");
  }
  return { problems, outcomes };
}
