import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Approval } from "../../protocol/approvals.ts";
import type { EventBody, Item } from "../../protocol/events.ts";
import { Host } from "../../protocol/host.ts";
import { Run } from "../../protocol/run.ts";
import { RunDetail } from "../../protocol/runs.ts";
import { Session } from "../../protocol/session.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { launchBrowser } from "../support/browser.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { Follower } from "../support/Follower.ts";
import { configureAgents, REAL_AGENTS, type RealAgent } from "../support/realAgents.ts";
import { signIn } from "../support/SessionPage.ts";
import { ApiFailure, Signalbox, until } from "../support/signalbox.ts";

/** Requests of each agent that the daemon is killed around. */
const ROUNDS = Number(process.env["NIGHTLY_ROUNDS"] ?? 6);
const SEED = 11;
/** Between one thing and the next in a round, at most. */
const SPREAD_MS = 1_500;
const LONG_MS = 90_000;

const dir = mkdtempSync(join(tmpdir(), "signalbox-nightly-"));
const work = join(dir, "work");
mkdirSync(work);
const model = await startFakeModel();
const configured = await configureAgents(dir, work, model.url);
if ("missing" in configured) console.warn(`Skipped: ${configured.missing}`);

/** A session of an agent, as whoever uses the API sees it. */
class Talk {
  readonly session: string;
  readonly #signalbox: Signalbox;
  readonly follower: Follower;

  constructor(signalbox: Signalbox, session: string) {
    this.#signalbox = signalbox;
    this.session = session;
    this.follower = new Follower(signalbox.url, session, signalbox.token);
  }

  static async begin(signalbox: Signalbox, { start }: RealAgent, over: object): Promise<Talk> {
    const { items } = await signalbox.api(z.object({ items: z.array(Host) }), "/api/hosts");
    const body = { ...start, host: items[0]?.id, cwd: work, ...over };
    const { id } = await signalbox.api(Session, "/api/sessions", { body });
    return new Talk(signalbox, id);
  }

  get events(): EventBody[] {
    return this.follower.events;
  }
  get items(): Item[] {
    const byId = new Map<string, Item>();
    for (const event of this.events) if (event.type === "item") byId.set(event.id, event.item);
    return [...byId.values()];
  }
  async say(text: string): Promise<void> {
    await this.#signalbox.api(z.unknown(), `/api/sessions/${this.session}/messages`, { body: { text } });
  }
  async command(type: string): Promise<void> {
    await this.#signalbox.api(z.unknown(), `/api/sessions/${this.session}/commands`, { body: { type } });
  }
  answered(text: string): Promise<boolean> {
    return until(
      `the answer ${text}`,
      () => this.items.some((item) => item.kind === "message" && item.text.includes(text)),
      LONG_MS,
    );
  }
  turns(count: number): Promise<boolean> {
    const ended = () =>
      this.events.filter(({ type }) => type === "turn_completed" || type === "turn_failed").length;
    return until(`${count} turns to end`, () => ended() >= count, LONG_MS);
  }
  async approvals(): Promise<Approval[]> {
    const path = `/api/approvals?session=${this.session}`;
    return (await this.#signalbox.api(z.object({ items: z.array(Approval) }), path)).items;
  }
  approval(about: string): Promise<Approval> {
    const find = async () => (await this.approvals()).find(({ summary }) => summary.includes(about));
    return until(`an approval of ${about}`, find, LONG_MS);
  }
  async decide({ id }: Approval, decision: "allow" | "deny", message?: string): Promise<void> {
    const body = { decision, ...(message === undefined ? {} : { message }) };
    await this.#signalbox
      .api(z.unknown(), `/api/approvals/${id}/decision`, { body })
      .catch((error: unknown) => {
        // Decided already, by the same call: its answer was lost.
        if (!(error instanceof ApiFailure && error.status === 409)) throw error;
      });
  }
  delivery(about: string): Promise<Approval> {
    const look = async () => {
      const approval = await this.approval(about);
      return ["applied", "stale", "gone"].includes(approval.delivery) ? approval : null;
    };
    return until(`the decision on ${about} to arrive`, look, LONG_MS);
  }
  /** Ends it once. */
  async end(): Promise<void> {
    if (!this.events.some(({ type }) => type === "ended")) await this.command("kill");
    await until("its end", () => this.events.some(({ type }) => type === "ended"), LONG_MS);
    this.follower.stop();
  }
}

describe.skipIf("missing" in configured).each(REAL_AGENTS)("the real $name without a terminal", (agent) => {
  let signalbox: Signalbox;
  let browser: Browser;
  const talks: Talk[] = [];

  beforeAll(async () => {
    signalbox = await Signalbox.start({ config: "config" in configured ? configured.config : "" });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    // They would outlive the daemon.
    for (const talk of talks) await talk.end();
    await signalbox?.stop();
  });

  async function begin(over: object): Promise<Talk> {
    const talk = await Talk.begin(signalbox, agent, over);
    talks.push(talk);
    return talk;
  }
  const file = (name: string) => join(work, `${agent.name.replaceAll(/\W/g, "-")}-${name}`);
  const touch = (name: string) => agent.ask(`touch ${file(name)}`);

  test("talks, asks on a page, hears no, is interrupted, ends, and is taken up again", async () => {
    const talk = await begin({ prompt: "SAY: the first words" });
    await talk.answered("the first words");
    await talk.turns(1);

    await talk.say(touch("allowed"));
    const { page, context } = await signIn(browser, signalbox);
    await page.goto(`/sessions/${talk.session}`);
    await page.getByTestId("pane-approvals").getByTestId("approval").getByTestId("allow-once").click();
    await talk.turns(2);
    expect(existsSync(file("allowed"))).toBe(true);
    await page.getByTestId("conversation").getByText("tool said").first().waitFor();
    await context.close();
    expect((await talk.delivery(file("allowed"))).delivery).toBe("applied");

    await talk.say(touch("denied"));
    const asked = await talk.approval(file("denied"));
    await talk.decide(asked, "deny", agent.hears ? "the phone said no" : undefined);
    await talk.turns(3);
    if (agent.hears) await talk.answered("the phone said no");
    expect(existsSync(file("denied"))).toBe(false);
    expect(talk.items.findLast((item) => item.kind === "command")).toMatchObject({ status: "declined" });

    await talk.say("SLOW: 100\nSAY: " + "so much to say ".repeat(40));
    await talk.answered("so much");
    await talk.command("interrupt");
    await talk.turns(4);
    expect(talk.events).toContainEqual(expect.objectContaining({ type: "notice", message: "Interrupted." }));

    await talk.say(touch("pending"));
    await talk.approval(file("pending"));
    await talk.command("interrupt");
    expect((await talk.delivery(file("pending"))).delivery).toBe("gone");
    await talk.turns(5);

    const thread = talk.events.find((event) => event.type === "turn_started")?.thread;
    expect(thread).toEqual(expect.any(String));
    await talk.end();
    const before = model.asked.length;
    const again = await begin({ resume: thread, prompt: "SAY: spoken again" });
    await again.answered("spoken again");
    // It remembers, and the log has what was said before.
    expect(again.items[0]).toMatchObject({
      kind: "user_message",
      text: expect.stringContaining("the first words"),
    });
    const bodies = model.asked.slice(before).map(({ body }) => JSON.stringify(body));
    expect(bodies.some((body) => body.includes("spoken again") && body.includes("the first words"))).toBe(
      true,
    );
    await again.end();
    expect(talk.follower.problem).toBe(null);
  });

  test("is an agent of a run: answers by a schema, in a worktree that does not stay", async () => {
    const repo = join(dir, `repo-${agent.name.replaceAll(/\W/g, "-")}`);
    mkdirSync(repo);
    const git = (...args: string[]) => execFileSync("git", ["-C", repo, ...args], { encoding: "utf8" });
    git("init", "-q", "-b", "main");
    git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "begin");
    const { items } = await signalbox.api(z.object({ items: z.array(Host) }), "/api/hosts");
    const script = `export const meta = { name: "step", description: "" };
const schema = { type: "object", properties: { n: { type: "integer", minimum: 2 } }, required: ["n"] };
return agent('SAY: {"n": 1}', { schema, isolation: "worktree" });`;
    await signalbox.api(z.unknown(), "/api/workflows/step", { method: "PUT", body: { script } });
    const { provider, program, mode } = agent.start;
    const body = {
      provider: program === undefined ? provider : `${provider}:${program}`,
      host: items[0]?.id,
      cwd: repo,
      ...(mode === undefined ? {} : { mode }),
    };
    const { id } = await signalbox.api(Run, "/api/workflows/step/runs", { body });
    const over = await until(
      "the end of the run",
      async () => {
        const found = await signalbox.api(RunDetail, `/api/runs/${id}`);
        return found.run.ended_at === null ? null : found;
      },
      LONG_MS,
    );
    expect(over).toMatchObject({ result: { n: 2 }, items: [{ attempt: 1, status: "completed" }] });
    const gone = () => git("worktree", "list").trim().split("\n").length === 1;
    await until("its worktree to be removed", gone, LONG_MS);
  });

  test(`asks through ${ROUNDS} kills of the daemon: each answer arrives, once`, async () => {
    const random = new Random(SEED);
    const talk = await begin({});
    for (let round = 1; round <= ROUNDS; round++) {
      const name = file(`round-${round}`);
      const allow = random.below(3) > 0;
      await talk.say(agent.ask(`echo ${round} >> ${name}`));
      const asked = await talk.approval(`>> ${name}`);
      // While it waits …
      await signalbox.kill("agent");
      await sleep(random.below(SPREAD_MS));
      // … and while the decision is on its way.
      await Promise.all([
        talk.decide(asked, allow ? "allow" : "deny"),
        sleep(random.below(SPREAD_MS / 3)).then(() => signalbox.kill("agent")),
      ]);
      expect(await talk.delivery(`>> ${name}`)).toMatchObject({
        status: allow ? "allowed" : "denied",
        delivery: "applied",
      });
      await talk.turns(round);
      expect(existsSync(name) ? readFileSync(name, "utf8") : "").toBe(allow ? `${round}\n` : "");
      expect((await talk.approvals()).filter(({ summary }) => summary.includes(name)).length).toBe(1);
    }
    await talk.end();
    expect(talk.follower.problem).toBe(null);
  });
});

afterAll(async () => {
  await model.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});
