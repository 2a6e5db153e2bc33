import type { AttachmentRef } from "../../../protocol/events.ts";
import type { LogEvent } from "../../shared/live/sessionState.ts";

/** A message that this page sent and the log does not show yet. */
export type Unsent = {
  id: string;
  text: string;
  attachments: readonly AttachmentRef[];
  /** The last event that was here when it was sent. */
  after: number;
};

/** Messages that the log does not show yet. */
export function stillUnsent(unsent: readonly Unsent[], events: readonly LogEvent[]): readonly Unsent[] {
  if (unsent.length === 0) return unsent;
  const oldest = Math.min(...unsent.map(({ after }) => after));
  const told = new Set<unknown>();
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at];
    if (event === undefined || event.seq <= oldest) break;
    if (event.type === "queued") told.add(event["id"]);
  }
  const left = unsent.filter(({ id }) => !told.has(id));
  return left.length === unsent.length ? unsent : left;
}
