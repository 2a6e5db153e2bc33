import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { HOOK_WORD } from "../agent-daemon/agents/claude/hookWire.ts";
import { hookSocketPath } from "../agent-daemon/agents/claude/startClaude.ts";
import { hookCommand, withHook } from "../agent-daemon/hooks/claudeSettings.ts";
import { run } from "../agent-daemon/run.ts";
import { Approval } from "../protocol/approvals.ts";
import { newId } from "../protocol/ids.ts";
import { findAgent } from "../tests/support/agentBinaries.ts";
import { makeClaudeHome } from "../tests/support/claudeHome.ts";
import { startFakeModel } from "../tests/support/fakeModel/startFakeModel.ts";
import type { Bench, Row } from "./lib/bench.ts";
import { percentile } from "./lib/median.ts";
import { eventMessages, sessionMessage } from "./lib/messages.ts";
import { openLinkSender } from "./lib/openLinkSender.ts";
import { openLive } from "./lib/openLive.ts";
import { sessionOfPane, startDaemon, until, type DaemonHandle } from "./lib/startDaemon.ts";
import { ROOT, startEdge, type EdgeHandle } from "./lib/startEdge.ts";

const CALLS = 15;
/** A person looks at a card before they decide; Claude's dialog is open by then. */
const LOOK_MS = 700;
const GAP_MS = 15;

const Approvals = z.object({ items: z.array(Approval) });

/** What a real Claude Code asks for, from its hook to the card and from the click to its tool; and what it says. */
export const agent: Bench = {
  name: "agent",
  about:
    "a request of a real Claude Code: hook → card, click → its tool; and its words, beside one round trip",
  async run({ rounds, say }) {
    const claude = await findAgent("claude");
    if ("missing" in claude) return { rows: [], notes: [`Not measured: ${claude.missing}`], details: null };
    const edge = await startEdge();
    const model = await startFakeModel();
    const daemon = await startDaemon(edge);
    const times: Record<string, number[]> = { card: [], start: [], resumed: [], words: [], "round trip": [] };
    try {
      const ask = await openClaude(edge, daemon, model.url, claude.path, claude.version);
      const trip = await openRoundTrip(edge);
      await ask();
      for (let round = 0; round < rounds; round++) {
        say(`${CALLS} requests`);
        for (let i = 0; i < CALLS; i++) {
          for (const [name, ms] of Object.entries(await ask())) times[name]?.push(ms);
          times["start"]?.push(await startOnly());
          for (let trips = 0; trips < 3; trips++) times["round trip"]?.push(await trip());
        }
      }
      const row = (name: string, what: string, p: number): Row => {
        const [value, beside] = [name, "round trip"].map((each) => percentile(times[each] ?? [], p));
        return {
          what: `${what}, p${p * 100}`,
          value: value ?? NaN,
          unit: "ms",
          beside: { name: "message to ack", value: beside ?? NaN },
          ratio: (value ?? NaN) / (beside ?? NaN),
        };
      };
      const rows = [0.5, 0.99].flatMap((p) => [
        row("card", "hook fired to its card on the page", p),
        row("start", "of it: the hook's program starts (and ends)", p),
        row("resumed", "click to Claude's tool at work", p),
        row("words", "Claude's transcript to the page", p),
      ]);
      const notes = [
        `${rounds * CALLS} requests. The way to the card has the start of Node for the hook in it; the way back, that Claude sees the hook's end and starts a shell.`,
      ];
      return { rows, notes, details: times };
    } finally {
      await daemon.stop();
      await Promise.all([model.stop(), edge.stop()]);
    }
  },
};

/** Claude in a pane of the daemon; gives back what lets it ask once, and tells how long each way took. */
async function openClaude(
  edge: EdgeHandle,
  daemon: DaemonHandle,
  modelUrl: string,
  program: string,
  version: string,
) {
  const base = dirname(daemon.work);
  const config = makeClaudeHome(base, daemon.work, modelUrl, version);
  const fired = join(base, "fired");
  const command = hookCommand(
    process.execPath,
    join(ROOT, "dist/agent.mjs"),
    hookSocketPath(join(base, "state")),
  );
  mkdirSync(config.CLAUDE_CONFIG_DIR, { recursive: true });
  writeFileSync(
    join(config.CLAUDE_CONFIG_DIR, "settings.json"),
    withHook(null, `date +%s%N > ${fired}; ${command}`),
  );
  const assign = Object.entries(config).map(([name, value]) => `${name}=${value}`);
  const argv = ["env", ...assign, program, "--permission-mode", "manual"];
  const size = ["-x", "120", "-y", "40", "-c", daemon.work];
  const pane = await daemon.tmux("new-session", "-d", "-P", "-F", "#{pane_id}", ...size, ...argv);
  const screen = () => daemon.tmux("capture-pane", "-p", "-t", pane);
  await until("Claude's prompt", async () => /manual mode on/.test(await screen()));
  const session = await sessionOfPane(edge, daemon.host, pane);
  const inbox = await openLive(edge.socketUrl("/api/live"), edge.token);
  const page = await openLive(edge.socketUrl(`/api/sessions/${session}/live`), edge.token);
  let asked = 0;

  return async function ask(): Promise<Record<string, number>> {
    const name = `call-${++asked}-`;
    const ran = join(daemon.work, name);
    const answer = `answer-${asked}-`;
    const call = JSON.stringify({ command: `date +%s%N > ${ran}` });
    const shown = inbox.heard(name);
    const heard = page.heard(`"text":"${answer}`);
    await daemon.tmux("set-buffer", `SAY: ${answer}\nCALL: Bash ${call}`);
    await daemon.tmux("paste-buffer", "-p", "-d", "-t", pane);
    await until("what was pasted", async () => (await screen()).includes(name));
    await sleep(500); // an Enter that comes too soon is taken for a part of what was pasted
    await daemon.tmux("send-keys", "-t", pane, "Enter");
    const card = (await shown) - readTime(fired);
    await until("the dialog", async () => /Do you want to proceed/.test(await screen()));
    await sleep(LOOK_MS);
    const path = `/api/approvals?session=${session}&status=pending`;
    const { items } = await edge.call({ path, schema: Approvals });
    const id = items.find(({ summary }) => summary.includes(name))?.id;
    if (id === undefined) throw new Error(`${name} is not in the inbox`);
    const written = watchTranscript(config.CLAUDE_CONFIG_DIR, answer);
    const clicked = Date.now();
    const body = { decision: "allow" };
    await edge.call({ method: "POST", path: `/api/approvals/${id}/decision`, body, schema: z.unknown() });
    await until("its tool", () => existsSync(ran) && readFileSync(ran, "utf8").endsWith("\n"));
    const resumed = readTime(ran) - clicked;
    const words = (await heard) - (await written);
    await until("its prompt", async () => !/esc to interrupt/.test(await screen()));
    return { card, resumed, words };
  };
}

/** When Claude's own file had a text of its answer. */
async function watchTranscript(config: string, answer: string): Promise<number> {
  const projects = join(config, "projects");
  const said = `"text":"${answer}`;
  for (;;) {
    for (const file of readdirSync(projects, { recursive: true, encoding: "utf8" }))
      if (file.endsWith(".jsonl") && readFileSync(join(projects, file), "utf8").includes(said))
        return Date.now();
    await sleep(1);
  }
}

async function openRoundTrip(edge: EdgeHandle): Promise<() => Promise<number>> {
  const { token } = await edge.enrolHost("link");
  const link = await openLinkSender(edge.socketUrl("/api/link"), token);
  const session = newId("ses");
  await link.send([sessionMessage(session)]);
  const messages = eventMessages(session, 1);
  return async () => {
    await sleep(GAP_MS);
    const began = performance.now();
    await link.send(messages);
    return performance.now() - began;
  };
}

/** How long the hook's program takes where nobody listens. */
async function startOnly(): Promise<number> {
  const argv = [process.execPath, join(ROOT, "dist/agent.mjs"), HOOK_WORD, "/nowhere.sock"] as const;
  const began = performance.now();
  await run({ argv, cwd: ROOT, timeoutMs: 10_000, input: "{" });
  return performance.now() - began;
}

/** A time that `date +%s%N` wrote, in milliseconds. */
function readTime(path: string): number {
  return Number(readFileSync(path, "utf8").trim()) / 1e6;
}
