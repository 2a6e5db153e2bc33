import * as z from "zod";
import { startHelper } from "./startHelper.ts";

export type Viewers = {
  /** Connects viewers to a session's live socket; the seq they begin after. */
  connect(url: string, token: string, count: number): Promise<number>;
  /** Makes them watch for a seq that nobody has yet. */
  arm(seq: number): Promise<void>;
  /** When the last viewer had it, in milliseconds since 1970; frames and bytes that a viewer got, on average. */
  reached(): Promise<{ at: number; frames: number; bytes: number }>;
  /** Where the first viewer is, and what it got since it connected or was armed. */
  state(): Promise<{ seq: number; frames: number; bytes: number }>;
  close(): Promise<void>;
  stop(): Promise<void>;
};

const State = z.object({ seq: z.number(), frames: z.number(), bytes: z.number() });
const Reached = z.object({ at: z.number(), frames: z.number(), bytes: z.number() });

/** Viewers in a process of their own, so that what they cost is not the sender's. */
export function startViewers(): Viewers {
  const helper = startHelper("lib/viewersProcess.ts");
  return {
    connect: (url, token, count) => helper.ask("connect", { url, token, count }, z.number()),
    arm: (seq) => helper.ask("arm", { seq }, z.undefined()),
    reached: () => helper.ask("reached", {}, Reached),
    state: () => helper.ask("state", {}, State),
    close: () => helper.ask("close", {}, z.undefined()),
    stop: helper.stop,
  };
}
