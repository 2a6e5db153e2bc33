import * as z from "zod";
import { newId } from "../protocol/ids.ts";
import type { Bench, Row } from "./lib/bench.ts";
import { interleave, medianOf, ratioOf, type Sample } from "./lib/interleave.ts";
import { openLinkSender, type LinkSender } from "./lib/openLinkSender.ts";
import { eventMessages, sessionMessage } from "./lib/messages.ts";
import { startEdge } from "./lib/startEdge.ts";
import { startHelper } from "./lib/startHelper.ts";
import { startViewers, type Viewers } from "./lib/startViewers.ts";

/** Viewers, and how many events a run of each contender takes (about half a second each). */
const SIZES = [
  { viewers: 1, product: 20_000, each: 20_000, gathered: 20_000 },
  { viewers: 10, product: 20_000, each: 8_000, gathered: 20_000 },
  { viewers: 100, product: 16_000, each: 1_000, gathered: 16_000 },
  { viewers: 1000, product: 2_000, each: 100, gathered: 2_000 },
];

/** Events from a daemon's link to N viewers, log and all, beside the same loop in Node `ws`. */
export const fanOut: Bench = {
  name: "fan-out",
  about: "events per second from one daemon to 1, 10, 100 and 1000 viewers of a session",
  async run({ rounds, say }) {
    const edge = await startEdge();
    const peers = {
      each: startHelper("peers/fanOutServer.ts"),
      gathered: startHelper("peers/fanOutServer.ts"),
    };
    const viewers = startViewers();
    try {
      const { token } = await edge.enrolHost("bench");
      const link = await openLinkSender(edge.socketUrl("/api/link"), token);
      const eachUrl = await peers.each.ask("start", { gathered: false }, z.string());
      const gatheredUrl = await peers.gathered.ask("start", { gathered: true }, z.string());
      const eachLink = await openLinkSender(`${eachUrl}/link`, "");
      const gatheredLink = await openLinkSender(`${gatheredUrl}/link`, "");
      const rows: Row[] = [];
      const details: Record<string, unknown> = {};
      for (const size of SIZES) {
        say(`fan-out to ${size.viewers}`);
        // A session of its own: the log of one size does not weigh on the next.
        const session = newId("ses");
        await link.send([sessionMessage(session)]);
        const live = edge.socketUrl(`/api/sessions/${session}/live`);
        const one = (url: string, auth: string, sender: LinkSender, count: number) => () =>
          measure({
            viewers,
            url,
            token: auth,
            sender,
            messages: eventMessages(session, count),
            count: size.viewers,
          });
        const samples = await interleave(
          {
            product: one(live, edge.token, link, size.product),
            each: one(`${eachUrl}/live`, "", eachLink, size.each),
            gathered: one(`${gatheredUrl}/live`, "", gatheredLink, size.gathered),
          },
          rounds,
        );
        details[size.viewers] = samples;
        const value = medianOf(samples, "product", "events_per_second");
        const against = (peer: string, name: string, target: number): Row => ({
          what: `fan-out to ${size.viewers}, with the durable log`,
          value,
          unit: "events/s",
          beside: { name, value: medianOf(samples, peer, "events_per_second") },
          ratio: ratioOf(samples, "product", peer, "events_per_second"),
          ...(size.viewers === 100 ? { target: { atLeast: target } } : {}),
        });
        rows.push(against("each", "ws, a frame per event", 10), against("gathered", "ws, gathered", 0.7));
      }
      for (const each of [link, eachLink, gatheredLink]) each.close();
      return { rows, notes: [], details };
    } finally {
      await Promise.all([viewers.stop(), peers.each.stop(), peers.gathered.stop(), edge.stop()]);
    }
  },
};

type Run = {
  viewers: Viewers;
  url: string;
  token: string;
  sender: LinkSender;
  messages: string[];
  count: number;
};

async function measure({ viewers, url, token, sender, messages, count }: Run): Promise<Sample> {
  const from = await viewers.connect(url, token, count);
  await viewers.arm(from + messages.length);
  const framesBefore = sender.frames();
  const began = Date.now();
  const [{ at, frames }] = await Promise.all([viewers.reached(), sender.send(messages)]);
  await viewers.close();
  return {
    events_per_second: (messages.length / (at - began)) * 1000,
    frames_per_viewer: frames,
    link_frames: sender.frames() - framesBefore,
  };
}
