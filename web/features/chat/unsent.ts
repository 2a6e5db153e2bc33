import type { LogEvent } from "../../shared/live/sessionState.ts";

/** A message that this page sent and the log does not show yet. */
export type Unsent = {
  /** This page's own name for it. */
  key: string;
  text: string;
  /** The id it got, once there was an answer. */
  id: string | null;
  /** The last event that was here when it was sent. */
  after: number;
};

/** Messages that the log does not show yet: each message of the log stands for one that was sent, by its id or else by its text. */
export function stillUnsent(unsent: readonly Unsent[], events: readonly LogEvent[]): readonly Unsent[] {
  const oldest = Math.min(...unsent.map(({ after }) => after));
  if (unsent.length === 0) return unsent;
  const told = new Map<string, string>();
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at];
    if (event === undefined || event.seq <= oldest) break;
    if (event.type === "queued" && typeof event["id"] === "string" && typeof event["text"] === "string")
      told.set(event["id"], event["text"]);
  }
  const named = new Set(unsent.flatMap(({ id }) => (id === null ? [] : [id])));
  const left = unsent.filter((message) => {
    if (message.id !== null) return !told.delete(message.id);
    const match = [...told].find(([id, text]) => !named.has(id) && text === message.text);
    return match === undefined || !told.delete(match[0]);
  });
  return left.length === unsent.length ? unsent : left;
}
