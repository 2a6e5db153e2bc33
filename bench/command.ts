import { setTimeout as sleep } from "node:timers/promises";
import { CommandAnswer } from "../protocol/api.ts";
import { newId } from "../protocol/ids.ts";
import type { Bench, Row } from "./lib/bench.ts";
import { interleave, medianOf, ratioOf, type Sample } from "./lib/interleave.ts";
import { percentile } from "./lib/median.ts";
import { eventMessages, sessionMessage } from "./lib/messages.ts";
import { openLinkSender } from "./lib/openLinkSender.ts";
import { sessionOfPane, startDaemon } from "./lib/startDaemon.ts";
import { startEdge, type EdgeHandle } from "./lib/startEdge.ts";
import { startNarrowLink } from "./lib/startNarrowLink.ts";

const COUNT = 40;
/** Longer than any window in which something gathers: each one is alone. */
const GAP_MS = 15;
const ROUND_TRIPS_MS = [0, 40];

/** A command from its request to its answer, by way of both objects, the link and the daemon's journal. */
export const command: Bench = {
  name: "command",
  about: "a command from request to result, beside one round trip of the link",
  async run({ rounds, say }) {
    const edge = await startEdge();
    const rows: Row[] = [];
    const details: Record<string, unknown> = {};
    try {
      for (const roundTripMs of ROUND_TRIPS_MS) {
        say(`commands to a host ${roundTripMs} ms away`);
        const samples = await compare(edge, roundTripMs, rounds);
        details[`${roundTripMs} ms`] = samples;
        for (const quantile of ["p50", "p99"])
          rows.push({
            what: `command to result, ${quantile}, host ${roundTripMs} ms away`,
            value: medianOf(samples, "command", quantile),
            unit: "ms",
            beside: { name: "message to ack", value: medianOf(samples, "round trip", quantile) },
            ratio: ratioOf(samples, "command", "round trip", quantile),
            ...(quantile === "p50" ? { target: { atMost: 2 } } : {}),
          });
      }
      return { rows, notes: [], details };
    } finally {
      await edge.stop();
    }
  },
};

async function compare(edge: EdgeHandle, roundTripMs: number, rounds: number) {
  const line = await startNarrowLink({ to: Number(new URL(edge.url).port), roundTripMs });
  const url = `http://127.0.0.1:${line.port}`;
  const daemon = await startDaemon(edge, { url });
  try {
    const pane = await daemon.tmux("new-session", "-d", "-P", "-F", "#{pane_id}", "/bin/sh");
    const session = await sessionOfPane(edge, daemon.host, pane);
    const { token } = await edge.enrolHost("link");
    const link = await openLinkSender(`${url.replace(/^http/, "ws")}/api/link`, token);
    const other = newId("ses");
    await link.send([sessionMessage(other)]);
    const messages = eventMessages(other, 1);
    const samples = await interleave(
      {
        command: () =>
          measure(async () => {
            const path = `/api/sessions/${session}/commands`;
            const body = { type: "send_input", text: "", wait_ms: 10_000 };
            const { status } = await edge.call({ method: "POST", path, body, schema: CommandAnswer });
            if (status !== "done") throw new Error(`the command is ${status}`);
          }),
        "round trip": () => measure(() => link.send(messages)),
      },
      rounds,
    );
    link.close();
    return samples;
  } finally {
    await daemon.stop();
    line.stop();
  }
}

async function measure(work: () => Promise<void>): Promise<Sample> {
  const times: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    await sleep(GAP_MS);
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
