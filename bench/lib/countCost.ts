import * as z from "zod";
import type { EdgeHandle } from "./startEdge.ts";

const PerKind = z.object({ session: z.number(), host: z.number(), hub: z.number() });
const Calls = z.record(z.string(), z.number());
const Counters = z.object({
  rows: PerKind,
  alarmsSet: PerKind,
  calls: z.object({ session: Calls, host: Calls, hub: Calls }),
  d1Rows: z.number(),
});
export type Counters = z.infer<typeof Counters>;

/** What a deployment pays for. */
export type Cost = {
  /** Rows written by the objects' SQLite, an alarm that was set counted as one, and by D1. */
  rows: number;
  d1Rows: number;
  /** Frames that the daemon sent on its link. */
  linkFrames: number;
  /** Requests of objects as they are billed: calls, alarms and upgrades, and a twentieth of every message received. */
  requests: number;
};

/** What the meters of a counting worker say. */
export async function readCounters(edge: Pick<EdgeHandle, "call">): Promise<Counters> {
  return edge.call({ path: "/bench/counters", schema: Counters });
}

/** What was paid for between two readings. */
export function costBetween(before: Counters, after: Counters): Cost {
  const cost: Cost = { rows: 0, d1Rows: after.d1Rows - before.d1Rows, linkFrames: 0, requests: 0 };
  for (const kind of ["session", "host", "hub"] as const) {
    cost.rows += after.rows[kind] - before.rows[kind] + (after.alarmsSet[kind] - before.alarmsSet[kind]);
    for (const [name, count] of Object.entries(after.calls[kind])) {
      const calls = count - (before.calls[kind][name] ?? 0);
      cost.requests += name === "webSocketMessage" ? calls / 20 : calls;
      if (kind === "host" && name === "webSocketMessage") cost.linkFrames += calls;
    }
  }
  return cost;
}

/** The same for more or less of it. */
export function scale(cost: Cost, factor: number): Cost {
  return {
    rows: cost.rows * factor,
    d1Rows: cost.d1Rows * factor,
    linkFrames: cost.linkFrames * factor,
    requests: cost.requests * factor,
  };
}
