import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Approval } from "../../protocol/approvals.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeCodexHome, stopAppServer } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { ApiFailure, Signalbox, until } from "../support/signalbox.ts";
import { StruckCodex } from "../support/StruckCodex.ts";
import { tmuxOf } from "../support/tmuxOf.ts";

const CODEXES = 7;
/** Each wave strikes the requests of all of them. */
const WAVES = 8;
const SEED = 7;
/** Between the moment that all wait and a blow, or an answer, at most. */
const SPREAD_MS = 1_500;
const ANSWERS = ["allow", "allow", "allow", "deny", "deny", "screen", "both", "both"] as const;
type Answer = (typeof ANSWERS)[number];

const codex = await findAgent("codex");
if ("missing" in codex) console.warn(`Skipped: ${codex.missing}`);

describe.skipIf("missing" in codex)("requests of the real Codex in panes", () => {
  const program = "path" in codex ? codex.path : "";
  let dir: string;
  let ran: string;
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let signalbox: Signalbox;
  let host: RemoteHost;
  const codexes: StruckCodex[] = [];
  const outcomes: Partial<Record<Approval["delivery"], number>> = {};

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "struck-codex-"));
    ran = join(dir, "ran");
    model = await startFakeModel();
    const directories = Array.from({ length: CODEXES }, (_, number) => join(dir, `work-${number}`));
    for (const cwd of directories) mkdirSync(cwd);
    const {
      PATH = "",
      CODEX_HOME = "",
      FAKE_KEY = "",
      TMPDIR = "",
    } = makeCodexHome(dir, model.url, ...directories);
    signalbox = await Signalbox.start({ env: { PATH, CODEX_HOME, FAKE_KEY, TMPDIR } });
    host = await RemoteHost.enrol(signalbox, "struck");
    const options = { signalbox, host, program, model };
    for (const cwd of directories) codexes.push(await StruckCodex.begin(options, cwd));
  });
  afterAll(async () => {
    if (host !== undefined) tmuxOf({ signalbox, host }, "kill-server");
    stopAppServer(dir);
    await host?.stop();
    await signalbox?.stop();
    await model?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  const commandOf = (id: string) => `echo ${id} >> ${ran}`;
  const timesRun = (id: string) =>
    existsSync(ran)
      ? readFileSync(ran, "utf8")
          .split("\n")
          .filter((line) => line === id).length
      : 0;
  async function approvalOf({ session }: StruckCodex, id: string): Promise<Approval | undefined> {
    const path = `/api/approvals?session=${session}`;
    const { items } = await signalbox.api(z.object({ items: z.array(Approval) }), path);
    const mine = items.filter(({ summary }) => summary === `shell ${commandOf(id)}`);
    if (mine.length > 1) throw new Error(`${id} is asked ${mine.length} times: ${JSON.stringify(mine)}`);
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
  async function round(each: StruckCodex, id: string, random: Random, struck: Promise<void>) {
    const answer = random.pick(ANSWERS);
    const approval = await approvalOf(each, id);
    if (approval === undefined) return [`${id} was not asked`];
    const [byPage, byScreen] = [random.below(SPREAD_MS), random.below(SPREAD_MS)];
    const onPage = async () => {
      await sleep(byPage);
      await decide(approval, answer === "deny" || (answer === "both" && byPage % 2 === 0) ? "deny" : "allow");
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
    const waited = `${id} (${answer}) to be answered: ${JSON.stringify(approval)}`;
    await until(waited, () => each.isAnswered(commandOf(id)), 90_000);
    const fits = async () => {
      const last = await approvalOf(each, id);
      return last !== undefined && isTrue(last, answer, timesRun(id) === 1) ? last : null;
    };
    const told = await until("the truth to be told", fits, 30_000).catch(() => null);
    const times = timesRun(id);
    const last = await approvalOf(each, id);
    if (last !== undefined) outcomes[last.delivery] = (outcomes[last.delivery] ?? 0) + 1;
    return [
      ...(told === null
        ? [`${id} (${answer}) is ${last?.status}, ${last?.delivery}, and ran ${times} times`]
        : []),
      ...(times <= 1 ? [] : [`${id} ran ${times} times`]),
    ];
  }

  test(
    `are answered once, by page or terminal, and it is said which, while daemon, edge and link are struck (${WAVES * CODEXES} times)`,
    { timeout: 600_000 },
    async ({ expect }) => {
      const random = new Random(SEED);
      const problems: string[] = [];
      for (let wave = 0; wave < WAVES; wave++) {
        const ids = codexes.map((each, number) => ({ each, id: `${wave}-${number}` }));
        await Promise.all(ids.map(({ each, id }) => each.ask(commandOf(id))));
        await until(`wave ${wave} to be asked`, async () => {
          const asked = await Promise.all(ids.map(({ each, id }) => approvalOf(each, id)));
          return asked.every((approval) => approval !== undefined) && codexes.every((each) => each.asks());
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

/** Whether what is said of an approval is what Codex did. Codex does not tell whose yes it took, only what came of it. */
function isTrue({ status, delivery }: Approval, answer: Answer, done: boolean): boolean {
  if (delivery === "applied") return answer !== "screen" && status === (done ? "allowed" : "denied");
  return delivery === "stale" && status !== "pending" && (answer === "screen" || answer === "both") && done;
}
