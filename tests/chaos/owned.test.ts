import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { afterAll, beforeAll, describe, test } from "vitest";
import { ProcessIdentity } from "../../agent-daemon/system/processIdentity.ts";
import { Approval } from "../../protocol/approvals.ts";
import { Session } from "../../protocol/session.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { makeCodexHome } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { ApiFailure, kill, Signalbox, until } from "../support/signalbox.ts";

const AGENTS = ["claude", "codex", "claude", "codex", "claude"] as const;
/** Each wave strikes the requests of all of them. */
const WAVES = Number(process.env["OWNED_WAVES"] ?? 11);
const SEED = Number(process.env["OWNED_SEED"] ?? 1);
/** Between the moment that all wait and a blow, or a decision, at most. */
const SPREAD_MS = 600;

const claude = await findAgent("claude");
const codex = await findAgent("codex");
for (const agent of [claude, codex]) if ("missing" in agent) console.warn(`Skipped: ${agent.missing}`);

describe.skipIf("missing" in claude || "missing" in codex)(
  "requests of real agents without a terminal",
  () => {
    let dir: string;
    let ran: string;
    let model: Awaited<ReturnType<typeof startFakeModel>>;
    let signalbox: Signalbox;
    let host: RemoteHost;
    let sessions: string[];

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), "struck-owned-"));
      const cwd = join(dir, "work");
      mkdirSync(cwd);
      ran = join(cwd, "ran");
      model = await startFakeModel();
      if ("missing" in claude || "missing" in codex) return;
      const { CODEX_HOME = "", FAKE_KEY = "", PATH = "" } = makeCodexHome(dir, model.url, cwd);
      const env = { ...makeClaudeHome(dir, cwd, model.url, claude.version), CODEX_HOME, FAKE_KEY, PATH };
      signalbox = await Signalbox.start({ env });
      const programs = `agents: { claude: ${claude.path}, codex: ${codex.path} }\n`;
      host = await RemoteHost.enrol(signalbox, "struck", programs);
      const start = async (provider: (typeof AGENTS)[number]) => {
        const how = provider === "codex" ? { interactive: true, mode: "untrusted" } : {};
        const body = { provider, host: host.id, cwd, ...how };
        return (await signalbox.api(Session, "/api/sessions", { body })).id;
      };
      sessions = await Promise.all(AGENTS.map(start));
    });
    afterAll(async () => {
      for (const keeper of sessions.map(keeperOf)) if (keeper !== null) kill(keeper, "SIGTERM");
      await until("the agents to be gone", () => sessions.every((session) => keeperOf(session) === null));
      await host.stop();
      await signalbox.stop();
      await model.stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    });

    /** The process that holds a session's agent. */
    function keeperOf(session: string): number | null {
      const runs = join(host.dir, "state/owned", session);
      const newest = existsSync(runs) ? readdirSync(runs).toSorted((a, b) => Number(b) - Number(a)) : [];
      const files = newest.map((run) => join(runs, run, "claim.json")).filter((path) => existsSync(path));
      const [claim] = files.filter((path) => !existsSync(join(dirname(path), "exit.json")));
      return claim === undefined ? null : ProcessIdentity.parse(JSON.parse(readFileSync(claim, "utf8"))).pid;
    }
    const commandOf = (id: string) => `echo ${id} >> ${ran}`;
    const timesRun = (id: string) =>
      existsSync(ran)
        ? readFileSync(ran, "utf8")
            .split("\n")
            .filter((line) => line === id).length
        : 0;
    async function approvalOf(session: string, id: string): Promise<Approval | undefined> {
      const path = `/api/approvals?session=${session}`;
      const { items } = await signalbox.api(z.object({ items: z.array(Approval) }), path);
      const mine = items.filter(({ input }) => input.includes(JSON.stringify(commandOf(id)).slice(1, -1)));
      if (mine.length > 1) throw new Error(`${id} is asked ${mine.length} times`);
      return mine[0];
    }
    const ask = (session: string, provider: string, id: string) =>
      signalbox.api(z.unknown(), `/api/sessions/${session}/messages`, {
        body: {
          text:
            provider === "codex"
              ? `RUN: ${commandOf(id)}`
              : `CALL: Bash ${JSON.stringify({ command: commandOf(id) })}`,
        },
      });
    async function decide({ id }: Approval, decision: "allow" | "deny"): Promise<void> {
      await signalbox
        .api(z.unknown(), `/api/approvals/${id}/decision`, { body: { decision } })
        .catch((error: unknown) => {
          // Decided already by the same call, whose answer was lost; or its agent was gone before.
          if (!(error instanceof ApiFailure && error.status === 409)) throw error;
        });
    }
    const blows: (readonly [string, (session: string) => Promise<void>])[] = [
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
      [
        "keeper killed",
        async (session) => {
          const keeper = keeperOf(session);
          if (keeper !== null) kill(keeper, "SIGKILL");
        },
      ],
    ];

    /** One request through one blow, to its end; what is wrong with that end. */
    async function round(
      session: string,
      id: string,
      random: Random,
      struck: Promise<void>,
      died: boolean,
    ): Promise<string[]> {
      const answer = random.pick(["allow", "allow", "deny"] as const);
      const approval = await approvalOf(session, id);
      if (approval === undefined) return [`${id} was not asked`];
      await Promise.all([sleep(random.below(SPREAD_MS)).then(() => decide(approval, answer)), struck]);
      const last = await until(`${id} (${answer}) to be over`, async () => {
        const now = await approvalOf(session, id);
        const over = now?.status === "withdrawn" || (now?.delivery !== "none" && now?.delivery !== "pending");
        return over ? now : null;
      });
      await until(`the turn of ${id} to end`, async () => {
        const { status } = await signalbox.api(Session, `/api/sessions/${session}`);
        return status !== "working" && status !== "waiting";
      });
      const what = `${id} (${answer}) is ${last.status}, ${last.delivery}`;
      const times = timesRun(id);
      if (died && last.delivery !== "applied")
        return last.delivery === "gone" && times === 0 ? [] : [`${what}, and ran ${times} times`];
      if (last.delivery !== "applied") return [what];
      // An agent that died with the decision may not have come to what it was allowed.
      const right = answer === "deny" ? times === 0 : times === 1 || (died && times === 0);
      return right ? [] : [`${what}, and ran ${times} times`];
    }

    test(
      `are answered once, whatever is struck while they wait and while the decision travels (${WAVES * AGENTS.length} times)`,
      { timeout: 600_000 },
      async ({ expect }) => {
        const random = new Random(SEED);
        const problems: string[] = [];
        for (let wave = 0; wave < WAVES; wave++) {
          const ids = sessions.map((session, number) => ({ session, number, id: `${wave}-${number}` }));
          await Promise.all(ids.map(({ session, number, id }) => ask(session, AGENTS[number] ?? "", id)));
          await until(`wave ${wave} to be asked`, async () => {
            const asked = await Promise.all(ids.map(({ session, id }) => approvalOf(session, id)));
            return asked.every((approval) => approval !== undefined);
          });
          const [name, blow] = blows[random.below(blows.length)] ?? ["none", async () => {}];
          const victim = random.below(sessions.length);
          const struck = sleep(random.below(SPREAD_MS)).then(() => blow(sessions[victim] ?? ""));
          const seeds = ids.map(() => random.below(2 ** 30));
          const found = await Promise.all(
            ids.map(({ session, id, number }, at) =>
              round(
                session,
                id,
                new Random(seeds[at] ?? 0),
                struck,
                name === "keeper killed" && number === victim,
              ),
            ),
          );
          problems.push(...found.flat().map((problem) => `${name}: ${problem}`));
          await host.presence("online");
        }
        expect(problems).toEqual([]);
      },
    );
  },
);
