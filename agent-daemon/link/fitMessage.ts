import type { EventBody } from "../../protocol/events.ts";
import { MAX_EVENT_BYTES, MAX_FRAME_BYTES } from "../../protocol/limits.ts";
import type { DaemonMessage } from "../../protocol/link.ts";

/** Largest JSON of one message: it must fit a frame together with its number. */
export const MAX_MESSAGE_BYTES = MAX_FRAME_BYTES - 1024;
/** Events are put into messages of about this size, so that a frame holds several. */
const EVENTS_MESSAGE_BYTES = 128 * 1024;

type EventsMessage = Extract<DaemonMessage, { kind: "events" }>;
type TimedEvent = EventsMessage["events"][number];

/** JSON texts of a message, each small enough for a frame. What cannot be sent whole is replaced by what says so. */
export function fitMessage(message: DaemonMessage): string[] {
  if (message.kind === "events") return packEvents(message);
  const json = JSON.stringify(message);
  if (byteLength(json) <= MAX_MESSAGE_BYTES) return [json];
  switch (message.kind) {
    case "result":
      return [
        JSON.stringify({
          ...message,
          result: {
            status: "failed",
            code: "too_large",
            message: `The answer was larger than ${MAX_MESSAGE_BYTES} bytes. Ask for less.`,
          },
        } satisfies DaemonMessage),
      ];
    case "unadopted":
      // Half of it until it fits: a list this long is a sign of trouble, and its first part shows it.
      return fitMessage({ ...message, panes: message.panes.slice(0, Math.floor(message.panes.length / 2)) });
    case "workflows":
      return fitMessage({ ...message, items: message.items.slice(0, Math.floor(message.items.length / 2)) });
    default:
      throw new Error(`A ${message.kind} message of ${byteLength(json)} bytes is too large for a frame.`);
  }
}

function packEvents(message: EventsMessage): string[] {
  const head = `{"kind":"events","session":${JSON.stringify(message.session)},"events":[`;
  const packed: string[] = [];
  let open: string[] = [];
  let bytes = 0;
  const close = () => {
    if (open.length > 0) packed.push(`${head}${open.join(",")}]}`);
    open = [];
    bytes = 0;
  };
  for (const event of message.events) {
    const json = eventJson(event);
    const size = byteLength(json) + 1;
    if (bytes + size > EVENTS_MESSAGE_BYTES) close();
    open.push(json);
    bytes += size;
  }
  close();
  return packed;
}

function eventJson(event: TimedEvent): string {
  const json = JSON.stringify(event);
  const size = byteLength(json);
  if (size <= MAX_EVENT_BYTES) return json;
  const gap: EventBody = {
    type: "gap",
    lost: 1,
    since: event.at,
    reason: `An event of type ${event.event.type} had ${size} bytes, more than the ${MAX_EVENT_BYTES} of an event.`,
  };
  return JSON.stringify({ at: event.at, event: gap });
}

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
