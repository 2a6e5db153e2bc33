import * as z from "zod";
import { Approval } from "./approvals.ts";
import { SessionFilter } from "./filter.ts";
import { Host } from "./host.ts";
import { HostId, SessionId } from "./ids.ts";
import { Session } from "./session.ts";
import { Run } from "./run.ts";
import { Task } from "./tasks.ts";

/** First frame of a client on `/api/live`; sent again to change the filter. With epoch and rev it gets only what changed since. */
export const HubHello = z.object({
  type: z.literal("hello"),
  version: z.number().int(),
  epoch: z.string().max(64).optional(),
  rev: z.number().int().min(0).optional(),
  filter: SessionFilter.optional(),
});
export type HubHello = z.infer<typeof HubHello>;
/** As in sessionFrames.ts: what the client has taken in, after about every LIVE_ACK_BYTES received. */
export const HubAck = z.object({ type: z.literal("ack"), rev: z.number().int().min(0) });
export const HubClientFrame = z.discriminatedUnion("type", [HubHello, HubAck]);
export type HubClientFrame = z.infer<typeof HubClientFrame>;

/** One difference. `remove`: it is gone, or no longer matches the filter. */
export const HubChange = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("session"), session: Session }),
  z.object({ kind: z.literal("session_removed"), id: SessionId }),
  z.object({ kind: z.literal("approval"), approval: Approval }),
  /** One that is over is only news: whoever comes later does not get it. */
  z.object({ kind: z.literal("task"), task: Task }),
  /** As a task. */
  z.object({ kind: z.literal("run"), run: Run }),
  z.object({ kind: z.literal("host"), host: Host }),
  z.object({ kind: z.literal("host_removed"), id: HostId }),
]);
export type HubChange = z.infer<typeof HubChange>;

/** Lists that no change carries: whoever shows one asks for it again when it has changed. */
export const ListName = z.enum(["schedules", "webhooks", "workflows"]);
export type ListName = z.infer<typeof ListName>;

/** Hub → client. After `reset` the client forgets what it has; then only differences come. `ready` ends the first load. */
export const HubServerFrame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("reset"), version: z.number().int(), epoch: z.string() }),
  z.object({ type: z.literal("changes"), rev: z.number().int(), changes: z.array(HubChange) }),
  z.object({ type: z.literal("ready"), epoch: z.string(), rev: z.number().int() }),
  /** Names of lists ({@link ListName}, or of a newer server) that have changed. Nobody keeps it: who comes later asks anyway. */
  z.object({ type: z.literal("news"), lists: z.array(z.string()) }),
]);
export type HubServerFrame = z.infer<typeof HubServerFrame>;
