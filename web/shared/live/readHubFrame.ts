import * as z from "zod";
import { HubChange, HubServerFrame } from "../../../protocol/hubFrames.ts";
import { readFrame } from "./readFrame.ts";

const LooseChanges = z.object({
  type: z.literal("changes"),
  rev: z.number().int(),
  changes: z.array(z.unknown()),
});

/**
 * A hub frame from the wire. A change that this page cannot read (a kind or a state of a newer server) is left out and the rest of
 * its frame kept: one such session must not hide all others.
 */
export function readHubFrame(data: string | ArrayBuffer): HubServerFrame | "unknown" | "malformed" {
  const frame = readFrame(HubServerFrame, data);
  if (frame !== "malformed" || typeof data !== "string") return frame;
  const loose = readFrame(z.discriminatedUnion("type", [LooseChanges]), data);
  if (loose === "malformed" || loose === "unknown") return "malformed";
  const changes = loose.changes.flatMap((change) => {
    const parsed = HubChange.safeParse(change);
    return parsed.success ? [parsed.data] : [];
  });
  return { type: "changes", rev: loose.rev, changes };
}
