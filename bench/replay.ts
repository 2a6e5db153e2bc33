import * as z from "zod";
import { newId } from "../protocol/ids.ts";
import { PROTOCOL_VERSION } from "../protocol/limits.ts";
import type { Bench } from "./lib/bench.ts";
import { interleave, medianOf, ratioOf } from "./lib/interleave.ts";
import { median } from "./lib/median.ts";
import { eventMessages, sessionMessage } from "./lib/messages.ts";
import { openLinkSender } from "./lib/openLinkSender.ts";
import { startEdge } from "./lib/startEdge.ts";
import { startHelper } from "./lib/startHelper.ts";

const EVENTS = 100_000;
const WANTED = 10_000;
/** Replays per contender and round: one takes a few milliseconds. */
const REPEATS = 15;

const Fetched = z.object({
  ms: z.number(),
  bytes: z.number(),
  frames: z.number(),
  events: z.number().optional(),
});
type Fetched = z.infer<typeof Fetched>;
const EventPage = z.object({ epoch: z.string(), head: z.number() });

/** A page that was away for the last 10,000 of 100,000 events comes back, beside one message with the same bytes. */
export const replay: Bench = {
  name: "replay",
  about: "the last 10,000 of 100,000 events by cursor, beside a bulk transfer of the same bytes",
  async run({ rounds, say }) {
    const edge = await startEdge();
    const bulk = startHelper("peers/bulkServer.ts");
    const client = startHelper("lib/replayProcess.ts");
    try {
      const { token } = await edge.enrolHost("bench");
      const link = await openLinkSender(edge.socketUrl("/api/link"), token);
      const session = newId("ses");
      say(`filling a log with ${EVENTS} events`);
      await link.send([sessionMessage(session)]);
      await link.send(eventMessages(session, EVENTS));
      const page = { path: `/api/sessions/${session}/events?limit=1`, schema: EventPage };
      const { epoch, head } = await edge.call(page);
      const hello = { type: "hello", version: PROTOCOL_VERSION, epoch, seq: head - WANTED };
      const replayed = (): Promise<Fetched> =>
        client.ask(
          "fetch",
          {
            url: edge.socketUrl(`/api/sessions/${session}/live`),
            token: edge.token,
            ask: JSON.stringify(hello),
            lastSeq: head,
          },
          Fetched,
        );
      const { bytes, events } = await replayed();
      if (events !== WANTED) throw new Error(`${events} events were replayed, not ${WANTED}`);
      const text = "x".repeat(bytes);
      const bulkUrl = await bulk.ask("start", { text }, z.string());
      const transferred = () =>
        client.ask("fetch", { url: bulkUrl, token: "", ask: "go", lastSeq: null }, Fetched);
      const several = (fetch: () => Promise<Fetched>) => async () => {
        const runs: Fetched[] = [];
        for (let i = 0; i < REPEATS; i++) runs.push(await fetch());
        return { ms: median(runs.map(({ ms }) => ms)), frames: runs[0]?.frames ?? 0 };
      };
      say(`replaying ${WANTED} events, ${(bytes / 1e6).toFixed(1)} MB`);
      const samples = await interleave({ product: several(replayed), bulk: several(transferred) }, rounds);
      link.close();
      return {
        rows: [
          {
            what: `replay of ${WANTED} of ${EVENTS} events (${(bytes / 1e6).toFixed(1)} MB)`,
            value: medianOf(samples, "product", "ms"),
            unit: "ms",
            beside: { name: "one message", value: medianOf(samples, "bulk", "ms") },
            ratio: ratioOf(samples, "product", "bulk", "ms"),
            target: { atMost: 2.5 },
          },
        ],
        notes: [],
        details: { bytes, samples },
      };
    } finally {
      await Promise.all([client.stop(), bulk.stop(), edge.stop()]);
    }
  },
};
