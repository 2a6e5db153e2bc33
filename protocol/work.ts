import * as z from "zod";
import { SessionId } from "./ids.ts";
import { MAX_INPUT_BYTES } from "./limits.ts";

/** What a schedule or a webhook starts. */
export const Work = z.discriminatedUnion("kind", [
  /** A message to a session: it waits for a turn that runs, and for a host that sleeps. */
  z.object({
    kind: z.literal("message"),
    session: SessionId,
    text: z.string().min(1).max(MAX_INPUT_BYTES),
  }),
]);
export type Work = z.infer<typeof Work>;

/** What was started. */
export const WorkRef = z.object({ kind: z.enum(["message", "task", "workflow"]), id: z.string() });
export type WorkRef = z.infer<typeof WorkRef>;
