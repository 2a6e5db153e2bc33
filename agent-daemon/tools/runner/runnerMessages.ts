import * as z from "zod";
import { ProcessIdentity } from "../../system/processIdentity.ts";
import { Outcome } from "./outcome.ts";

/** What the daemon tells its runner. */
export const RunnerOrder = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("run"),
    /** The call's id: the mark of its processes. */
    id: z.string(),
    /** Names the files of this attempt. */
    attempt: z.string(),
    argv: z.tuple([z.string()]).rest(z.string()),
    cwd: z.string(),
    env: z.record(z.string(), z.string()),
    timeout_ms: z.number(),
  }),
  z.object({ type: z.literal("abort"), id: z.string() }),
]);
export type RunnerOrder = z.infer<typeof RunnerOrder>;

/** What the runner tells its daemon, as long as there is one. */
export const RunnerNews = z.discriminatedUnion("type", [
  z.object({ type: z.literal("started"), id: z.string(), leader: ProcessIdentity }),
  z.object({ type: z.literal("printed"), id: z.string(), text: z.string() }),
  z.object({ type: z.literal("over"), id: z.string(), outcome: Outcome }),
]);
export type RunnerNews = z.infer<typeof RunnerNews>;
