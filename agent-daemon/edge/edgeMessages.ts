import * as z from "zod";
import { ProcessIdentity } from "../system/processIdentity.ts";

/** What the edge's process tells its supervisor. */
export const EdgeMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), url: z.string(), migrated: z.array(z.string()) }),
  /** Processes it started (workerd), so that they can be found should it die without ending them. */
  z.object({ type: z.literal("children"), children: z.array(ProcessIdentity) }),
  z.object({ type: z.literal("failed"), code: z.enum(["port_taken", "other"]), message: z.string() }),
]);
export type EdgeMessage = z.infer<typeof EdgeMessage>;
