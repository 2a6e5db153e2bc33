import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Session } from "../protocol/session.ts";
import type { Bench, Row } from "./lib/bench.ts";
import { buildCountingEdge } from "./lib/buildCountingEdge.ts";
import { costBetween, readCounters, scale, type Cost } from "./lib/countCost.ts";
import { sessionOfPane, startDaemon, until, type DaemonHandle } from "./lib/startDaemon.ts";
import { ROOT, startEdge, type EdgeHandle } from "./lib/startEdge.ts";
import { startNarrowLink } from "./lib/startNarrowLink.ts";
import { startViewers, type Viewers } from "./lib/startViewers.ts";

const RATES = [10, 100, 2000];
const MEASURED_MS = 4_000;
/** A host far from its edge: while a frame is on its way, the link gathers the next. */
const ROUND_TRIPS_MS = [0, 40];
/** Two rounds of the slowest clock of an idle host, the look for a silent link. */
const IDLE_MS = 60_000;

/** What events and idleness cost in the units that the platform bills. */
export const cost: Bench = {
  name: "cost",
  about: "rows, requests and messages per 1,000 events of a codex job, and per hour of an idle pane",
  async run({ say }) {
    const edge = await startEdge(await buildCountingEdge());
    const viewers = startViewers();
    const rows: Row[] = [];
    const details: Record<string, unknown> = {};
    try {
      for (const roundTripMs of ROUND_TRIPS_MS) {
        const line = await startNarrowLink({ to: Number(new URL(edge.url).port), roundTripMs });
        const daemon = await startDaemon(edge, {
          url: `http://127.0.0.1:${line.port}`,
          codex: join(ROOT, "tests/support/counterCodex.mjs"),
        });
        try {
          for (const rate of RATES) {
            say(`a codex job with ${rate} events/s, its host ${roundTripMs} ms away`);
            const { cost: per, viewerFrames } = await costOfStream({ edge, daemon, viewers, rate });
            details[`${rate}/s, ${roundTripMs} ms`] = { ...per, viewerFrames };
            const what = (name: string) => `${name} per 1,000 events, ${rate}/s, host ${roundTripMs} ms away`;
            rows.push(
              { what: what("rows written"), value: per.rows + per.d1Rows, unit: "rows" },
              { what: what("link frames"), value: per.linkFrames, unit: "frames" },
              { what: what("requests"), value: per.requests, unit: "requests" },
              { what: what("frames to a viewer"), value: viewerFrames, unit: "frames" },
            );
          }
          if (roundTripMs > 0) continue;
          say(`an idle pane, ${IDLE_MS / 1000} s`);
          const idle = await costOfIdlePane(edge, daemon);
          details["idle pane, per hour"] = idle;
          rows.push(
            { what: "rows written per hour, one idle pane", value: idle.rows + idle.d1Rows, unit: "rows" },
            { what: "link frames per hour, one idle pane", value: idle.linkFrames, unit: "frames" },
            { what: "requests per hour, one idle pane", value: idle.requests, unit: "requests" },
          );
        } finally {
          await daemon.stop();
          line.stop();
        }
      }
      return {
        rows,
        notes: [
          "One row per event and index would be 1,000 rows; liveness pings are answered by the runtime and cost nothing.",
        ],
        details,
      };
    } finally {
      await Promise.all([viewers.stop(), edge.stop()]);
    }
  },
};

type Stream = { edge: EdgeHandle; daemon: DaemonHandle; viewers: Viewers; rate: number };

/** What the middle of a job costs, per 1,000 events: its start and its end are left out. */
async function costOfStream({
  edge,
  daemon,
  viewers,
  rate,
}: Stream): Promise<{ cost: Cost; viewerFrames: number }> {
  const count = Math.ceil((rate * MEASURED_MS) / 1000) + rate;
  const { id } = await edge.call({
    method: "POST",
    path: "/api/sessions",
    body: {
      provider: "codex",
      host: daemon.host,
      cwd: daemon.work,
      prompt: `COUNT: ${count}\nRATE: ${rate}`,
    },
    schema: Session,
  });
  await viewers.connect(edge.socketUrl(`/api/sessions/${id}/live`), edge.token, 1);
  const base = (await viewers.state()).seq;
  await until("the job's numbers", async () => (await viewers.state()).seq >= base + 5 + rate / 10);
  const [before, first] = [await readCounters(edge), await viewers.state()];
  await sleep(MEASURED_MS);
  const [after, last] = [await readCounters(edge), await viewers.state()];
  await until("the end of the job", async () => {
    return (await edge.call({ path: `/api/sessions/${id}`, schema: Session })).ended_at !== null;
  });
  await viewers.close();
  const thousands = (last.seq - first.seq) / 1000;
  return {
    cost: scale(costBetween(before, after), 1 / thousands),
    viewerFrames: (last.frames - first.frames) / thousands,
  };
}

/** What a shell that nobody uses or watches costs per hour. */
async function costOfIdlePane(edge: EdgeHandle, daemon: DaemonHandle): Promise<Cost> {
  const pane = await daemon.tmux("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", "idle");
  await sessionOfPane(edge, daemon.host, pane);
  await sleep(5_000); // what a new session has to tell
  const before = await readCounters(edge);
  await sleep(IDLE_MS);
  return scale(costBetween(before, await readCounters(edge)), 3_600_000 / IDLE_MS);
}
