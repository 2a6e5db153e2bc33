import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { hookSocketPath } from "../../agent-daemon/agents/claude/startClaude.ts";
import { changeHooks } from "../../agent-daemon/hooks/changeHooks.ts";
import { Approval } from "../../protocol/approvals.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { AGENT, ApiFailure, Signalbox, until } from "../support/signalbox.ts";
import { StruckClaude, type Truth } from "../support/StruckClaude.ts";

const CLAUDES = 7;
/** Each wave strikes the requests of all of them. */
const WAVES = 8;
const SEED = 5;
/** Between the moment that all wait and a blow, or an answer, at most. */
const SPREAD_MS = 1_500;
const ANSWERS = ["allow", "allow", "allow", "deny", "deny", "screen", "screen", "both", "both"] as const;

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

describe.skipIf("missing" in claude)("requests of the real Claude Code in panes", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
  let dir: string;
  let ran: string;
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let signalbox: Signalbox;
  let host: RemoteHost;
  const claudes: StruckClaude[] = [];
  const outcomes: Partial<Record<Approval["delivery"], number>> = {};

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "struck-claude-"));
    const cwd = join(dir, "work");
    mkdirSync(cwd);
    ran = join(cwd, "ran");
    model = await startFakeModel();
    const env = makeClaudeHome(dir, cwd, model.url, version);
    signalbox = await Signalbox.start({ env });
    host = await RemoteHost.enrol(signalbox, "struck");
    const socket = hookSocketPath(join(host.dir, "state"));
    changeHooks("install", { env, node: process.execPath, program: AGENT, socket });
    const options = { signalbox, host, program, config: env.CLAUDE_CONFIG_DIR, cwd };
    for (let number = 0; number < CLAUDES; number++) claudes.push(await StruckClaude.begin(options));
  });
  afterAll(async () => {
    StruckClaude.stop({ signalbox, host });
    await host.stop();
    await signalbox.stop();
    await model.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  const commandOf = (id: string) => `echo ${id} >> ${ran}`;
  const timesRun = (id: string) =>
    existsSync(ran)
      ? readFileSync(ran, "utf8")
          .split("\n")
          .filter((line) => line === id).length
      : 0;
  async function approvalOf({ session }: StruckClaude, id: string): Promise<Approval | undefined> {
    const path = `/api/approvals?session=${session}`;
    const { items } = await signalbox.api(z.object({ items: z.array(Approval) }), path);
    const mine = items.filter(({ summary }) => summary === `Bash ${commandOf(id)}`);
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
  const blows: (readonly [string, () => Promise<void>])[] = [
    ["daemon killed", () => host.kill().then(() => void host.run())],
    ["daemon killed", () => host.kill().then(() => void host.run())],
    ["edge killed", () => signalbox.kill("edge")],
    ["runtime killed", () => signalbox.killRuntime()],
    ["link cut", async () => host.proxy.cut()],
    [
      "daemon and runtime killed",
      async () => {
        await Promise.all([host.kill(), signalbox.killRuntime()]);
        host.run();
      },
    ],
  ];

  /** One request through one blow, to its end; what is wrong with that end. */
  async function round(each: StruckClaude, id: string, random: Random, struck: Promise<void>) {
    const answer = random.pick(ANSWERS);
    const approval = await approvalOf(each, id);
    if (approval === undefined) return [`${id} was not asked`];
    const [byPage, byScreen] = [random.below(SPREAD_MS), random.below(SPREAD_MS)];
    const onPage = async () => {
      await sleep(byPage);
      await decide(approval, answer === "deny" || byPage % 2 === 0 ? "deny" : "allow");
    };
    const onScreen = async () => {
      await sleep(byScreen);
      await until(`${id}'s dialog to take an answer: ${each.screen()}`, async () => {
        each.sayYes();
        await sleep(1_000);
        return !each.asks();
      });
    };
    await Promise.all([
      ...(answer === "screen" ? [] : [onPage()]),
      ...(answer === "screen" || answer === "both" ? [onScreen()] : []),
      struck,
    ]);
    const truth = await until(`${id} (${answer}) to be answered`, () => each.truth(commandOf(id))).catch(
      async (error: unknown) => {
        const stands = JSON.stringify(await approvalOf(each, id));
        throw new Error(`${stands}\n${each.inWords(commandOf(id))}\n${host.output.slice(-2000)}`, {
          cause: error,
        });
      },
    );
    const fits = async () => {
      const last = await approvalOf(each, id);
      return last !== undefined && isTrue(last, truth) ? last : null;
    };
    const told = await until("the truth to be told", fits, 30_000).catch(() => null);
    const last = await approvalOf(each, id);
    if (last !== undefined) outcomes[last.delivery] = (outcomes[last.delivery] ?? 0) + 1;
    const times = timesRun(id);
    return [
      ...(told === null
        ? [
            `${id} (${answer}) is ${last?.status}, ${last?.delivery}, but Claude took ${JSON.stringify(truth)}`,
          ]
        : []),
      ...(times === (truth.accepted ? 1 : 0) ? [] : [`${id} ran ${times} times`]),
    ];
  }

  test(
    `are answered once, by page or terminal, and it is said which, while daemon, edge and link are struck (${WAVES * CLAUDES} times)`,
    { timeout: 600_000 },
    async ({ expect }) => {
      const random = new Random(SEED);
      const problems: string[] = [];
      for (let wave = 0; wave < WAVES; wave++) {
        const ids = claudes.map((each, number) => ({ each, id: `${wave}-${number}` }));
        await Promise.all(ids.map(({ each, id }) => each.ask(commandOf(id))));
        await until(`wave ${wave} to be asked`, async () => {
          const asked = await Promise.all(ids.map(({ each, id }) => approvalOf(each, id)));
          return asked.every((approval) => approval !== undefined) && claudes.every((each) => each.asks());
        });
        const [name, blow] = blows[random.below(blows.length)] ?? ["none", async () => {}];
        const after = random.below(SPREAD_MS);
        const struck = sleep(after).then(blow);
        const seeds = ids.map(() => random.below(2 ** 30));
        const found = await Promise.all(
          ids.map(({ each, id }, at) => round(each, id, new Random(seeds[at] ?? 0), struck)),
        );
        problems.push(...found.flat().map((problem) => `${name}: ${problem}`));
        await host.presence("online");
      }
      expect(problems).toEqual([]);
      expect(outcomes.applied).toBeGreaterThan(0);
      expect(outcomes.stale).toBeGreaterThan(0);
    },
  );
});

/** Whether what is said of an approval is what Claude tells. */
function isTrue({ status, delivery }: Approval, { source, accepted }: Truth): boolean {
  if (source === "hook") return delivery === "applied" && status === (accepted ? "allowed" : "denied");
  return delivery === "stale" && status !== "pending";
}
