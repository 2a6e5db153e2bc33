import type { EventBody } from "../../../protocol/events.ts";
import { MAX_EVENT_BYTES } from "../../../protocol/limits.ts";
import { cutEnd } from "./cutText.ts";

type ItemEvent = Extract<EventBody, { type: "item" }>;

/** Ever smaller limits for the bytes of each text and the entries of each list; escapes make JSON larger than its texts. */
const LIMITS = [
  [128 * 1024, 1000],
  [32 * 1024, 200],
  [8 * 1024, 50],
  [1024, 10],
] as const;
/** `{"at":1700000000000,"event":…}` around an event in a message. */
const ENVELOPE_BYTES = 64;

/** The event, with its texts cut (and marked) until its JSON with its time is at most MAX_EVENT_BYTES. */
export function fitEvent(event: EventBody): EventBody {
  let fitted = event;
  for (const [most, entries] of LIMITS) {
    if (fits(fitted)) break;
    fitted = shrink(event, most, entries);
  }
  return fitted;
}

function fits(event: EventBody): boolean {
  return Buffer.byteLength(JSON.stringify(event)) <= MAX_EVENT_BYTES - ENVELOPE_BYTES;
}

function shrink(event: EventBody, most: number, entries: number): EventBody {
  const cut = (text: string) => cutEnd(text, most);
  switch (event.type) {
    case "item":
      return { ...event, item: shrinkItem(event.item, cut, entries) };
    case "notice":
    case "turn_failed":
      return { ...event, message: cut(event.message) };
    default:
      return event; // the rest holds no text from outside that is not bounded already
  }
}

function shrinkItem(
  item: ItemEvent["item"],
  cut: (text: string) => string,
  entries: number,
): ItemEvent["item"] {
  switch (item.kind) {
    case "user_message":
    case "message":
    case "reasoning":
    case "warning":
      return { ...item, text: cut(item.text) };
    case "command":
      return { ...item, command: cut(item.command), output: cut(item.output) };
    case "file_change":
      return {
        ...item,
        changes: shorten(item.changes, entries, (more) => ({
          path: `[… ${more} more …]`,
          change: "update" as const,
        })).map((change) => ({ ...change, path: cutEnd(change.path, 4096) })),
      };
    case "tool":
      return {
        ...item,
        name: cutEnd(item.name, 200),
        input: cut(item.input),
        output: item.output === null ? null : cut(item.output),
        error: item.error === null ? null : cut(item.error),
      };
    case "plan":
      return {
        ...item,
        steps: shorten(item.steps, entries, (more) => ({ text: `[… ${more} more …]`, done: false })).map(
          (step) => ({
            ...step,
            text: cutEnd(step.text, 4096),
          }),
        ),
      };
    case "web_search":
      return { ...item, query: cut(item.query) };
    case "other":
      return { ...item, name: cutEnd(item.name, 200), json: cut(item.json) };
    default:
      return item; // items of a chat: they are made on the edge
  }
}

/** The first entries of a list; what is left out is counted in a last one. */
function shorten<T>(list: T[], most: number, rest: (more: number) => T): T[] {
  return list.length <= most ? list : [...list.slice(0, most - 1), rest(list.length - most + 1)];
}
