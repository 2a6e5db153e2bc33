import type { EventBody } from "../../../protocol/events.ts";

/** The last line a person would read in these events, at most 200 characters; null when there is none. */
export function previewOf(events: EventBody[]): string | null {
  for (const event of events.toReversed()) {
    const text =
      event.type === "item" ? textOf(event.item) : event.type === "turn_failed" ? event.message : null;
    const line = text?.split("\n").findLast((candidate) => candidate.trim() !== "");
    if (line !== undefined)
      return line
        .trim()
        .slice(0, 200)
        .replace(/[\uD800-\uDBFF]$/, "");
  }
  return null;
}

function textOf(item: Extract<EventBody, { type: "item" }>["item"]): string | null {
  switch (item.kind) {
    case "message":
    case "warning":
      return item.text;
    case "command":
      return item.output.trim() === "" ? `$ ${item.command}` : item.output;
    case "file_change":
      return item.changes.map(({ change, path }) => `${change} ${path}`).join(", ");
    default:
      return null;
  }
}
