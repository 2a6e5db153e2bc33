import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { callApi } from "../agent-daemon/cli/callApi.ts";
import { Approval } from "../protocol/approvals.ts";
import { newId } from "../protocol/ids.ts";
import { Session } from "../protocol/session.ts";
import type { Bench, Row } from "./lib/bench.ts";
import { buildCountingEdge } from "./lib/buildCountingEdge.ts";
import { costBetween, readCounters, type Cost } from "./lib/countCost.ts";
import { interleave, medianOf, ratioOf, type Sample } from "./lib/interleave.ts";
import { median } from "./lib/median.ts";
import { eventMessages, sessionMessage } from "./lib/messages.ts";
import { openLinkSender } from "./lib/openLinkSender.ts";
import { startDaemon, until, type DaemonHandle } from "./lib/startDaemon.ts";
import { startEdge, type EdgeHandle } from "./lib/startEdge.ts";
import { startHelper, type Helper } from "./lib/startHelper.ts";
import { startAiChat } from "./peers/aiChat/startAiChat.ts";

const DELTAS = 2_000;
/** The offline model says `word1 word2 …` in pieces of twelve characters. */
const WORDS = wordsFor(DELTAS * 12);
const APPROVALS = 12;
/** What an object still writes and tells once a turn has ended. */
const SETTLE_MS = 1_000;

const Answered = z.object({
  ms: z.number(),
  firstMs: z.number(),
  bytes: z.number(),
  frames: z.number(),
  characters: z.number(),
});
const Pending = z.object({ items: z.array(Approval) });

/** A chat beside Cloudflare's own chat agent with the same model, and the way from an approval to the tool. */
export const chat: Bench = {
  name: "chat",
  about: `${DELTAS} deltas of a chat beside agents + ai-chat, and an approval beside one round trip of the link`,
  async run({ rounds, say }) {
    const peer = await startAiChat(say);
    const edge = await startEdge(await buildCountingEdge());
    const client = startHelper("lib/chatProcess.ts");
    try {
      say(`${DELTAS} deltas`);
      const samples = await interleave(
        {
          signalbox: () => answer(client, edge, "signalbox"),
          "ai-chat": () => answer(client, theirs(peer.url), "ai-chat"),
        },
        rounds,
      );
      const compared = (name: string, what: string, unit: string, target?: Row["target"]): Row => ({
        what,
        value: medianOf(samples, "signalbox", name),
        unit,
        beside: { name: "agents + ai-chat", value: medianOf(samples, "ai-chat", name) },
        ratio: ratioOf(samples, "signalbox", "ai-chat", name),
        ...(target === undefined ? {} : { target }),
      });
      const value = (row: Row, target: Row["target"]): Row => {
        const { ratio: _, ...rest } = row;
        return { ...rest, ...(target === undefined ? {} : { target }) };
      };
      say("approvals");
      const approvals = await compareApprovals(edge, rounds);
      return {
        rows: [
          compared("ms", `${DELTAS} deltas, flat out`, "ms", { atMost: 0.5 }),
          compared("firstMs", "to the first delta", "ms", { atMost: 0.6 }),
          value(compared("bytesPerDelta", "bytes per delta", "bytes"), { atMost: 20 }),
          compared("frames", "frames to a viewer", "frames"),
          value(compared("rows", "rows written for the turn", "rows"), { atMost: 20 }),
          value(compared("requests", "requests for the turn", "requests"), undefined),
          ...approvals.rows,
        ],
        notes: ["Twice as fast is a ratio of 0.5."],
        details: { samples, approvals: approvals.details },
      };
    } finally {
      await Promise.all([client.stop(), edge.stop(), peer.stop()]);
    }
  },
};

type Side = Pick<EdgeHandle, "url" | "token" | "call">;

function theirs(url: string): Side {
  return { url, token: "", call: (request) => callApi({ url, token: "" }, request) };
}

async function answer(client: Helper, side: Side, kind: "signalbox" | "ai-chat"): Promise<Sample> {
  const session = kind === "signalbox" ? await makeChat(side, {}) : crypto.randomUUID();
  const warm = { kind, url: side.url, token: side.token, session };
  // The first message of a chat makes what the others find.
  await client.ask("ask", { ...warm, text: "say hello" }, Answered);
  await sleep(SETTLE_MS);
  const before = await readCounters(side);
  const { bytes, ...answered } = await client.ask("ask", { ...warm, text: `long ${WORDS}` }, Answered);
  if (Math.round(answered.characters / 12) !== DELTAS)
    throw new Error(`${answered.characters} characters came`);
  await sleep(SETTLE_MS);
  const { rows, d1Rows, requests } = costBetween(before, await readCounters(side));
  return { ...answered, bytesPerDelta: bytes / DELTAS, rows: rows + d1Rows, requests };
}

async function makeChat(edge: Side, place: { host?: string; cwd?: string }): Promise<string> {
  const body = { provider: "edge", ...place };
  return (await edge.call({ method: "POST", path: "/api/sessions", body, schema: Session })).id;
}

/** From the click to the tool's first act on its host, beside a message of the link and its ack. */
async function compareApprovals(
  edge: EdgeHandle,
  rounds: number,
): Promise<{ rows: Row[]; details: unknown }> {
  const daemon = await startDaemon(edge);
  try {
    const { token } = await edge.enrolHost("link");
    const link = await openLinkSender(edge.socketUrl("/api/link"), token);
    const other = newId("ses");
    await link.send([sessionMessage(other)]);
    const messages = eventMessages(other, 1);
    const costs: Cost[] = [];
    const samples = await interleave(
      {
        approval: () => approve(edge, daemon, costs),
        "round trip": async () => {
          const times: number[] = [];
          for (let i = 0; i < APPROVALS * 3; i++) {
            await sleep(15);
            const began = performance.now();
            await link.send(messages);
            times.push(performance.now() - began);
          }
          return { ms: median(times) };
        },
      },
      rounds,
    );
    link.close();
    const per = (name: keyof Cost) => median(costs.map((cost) => cost[name])) / APPROVALS;
    return {
      rows: [
        {
          what: "approval: click to the tool's start on its host",
          value: medianOf(samples, "approval", "ms"),
          unit: "ms",
          beside: { name: "message to ack", value: medianOf(samples, "round trip", "ms") },
          ratio: ratioOf(samples, "approval", "round trip", "ms"),
          target: { atMost: 2 },
        },
        {
          what: "rows written per turn with one approved call",
          value: per("rows") + per("d1Rows"),
          unit: "rows",
        },
        { what: "of them in D1", value: per("d1Rows"), unit: "rows" },
        { what: "requests per turn with one approved call", value: per("requests"), unit: "requests" },
        { what: "link frames per turn with one approved call", value: per("linkFrames"), unit: "frames" },
      ],
      details: { samples, costs },
    };
  } finally {
    await daemon.stop();
  }
}

async function approve(edge: EdgeHandle, daemon: DaemonHandle, costs: Cost[]): Promise<Sample> {
  const session = await makeChat(edge, { host: daemon.host, cwd: daemon.work });
  const file = join(daemon.work, session);
  const turnsOver = async () =>
    (await edge.call({ path: `/api/sessions/${session}`, schema: Session })).status === "idle";
  const times: number[] = [];
  const before = await readCounters(edge);
  for (let i = 0; i < APPROVALS; i++) {
    // The time is the shell's own: nothing is started to learn it.
    const text = `run bash --norc -c "echo $EPOCHREALTIME > ${file}-${i}"`;
    const path = `/api/sessions/${session}/messages`;
    await edge.call({ method: "POST", path, body: { text }, schema: z.unknown() });
    let approval: string | undefined;
    await until("the approval", async () => {
      const { items } = await edge.call({
        path: `/api/approvals?status=pending&session=${session}`,
        schema: Pending,
      });
      approval = items[0]?.id;
      return approval !== undefined;
    });
    await sleep(30);
    const clicked = performance.timeOrigin + performance.now();
    const body = { decision: "allow" };
    await edge.call({ method: "POST", path: `/api/approvals/${approval}/decision`, body, schema: Approval });
    await until("the end of the turn", turnsOver);
    const started = Number(readFileSync(`${file}-${i}`, "utf8").trim().replace(",", ".")) * 1000;
    times.push(started - clicked);
  }
  await sleep(SETTLE_MS);
  costs.push(costBetween(before, await readCounters(edge)));
  return { ms: median(times) };
}

/** How many words it takes to fill so many characters: `word1 word2 …`. */
function wordsFor(characters: number): number {
  let length = 0;
  for (let n = 1; ; n++) {
    length += `word${n} `.length;
    if (length >= characters) return n;
  }
}
