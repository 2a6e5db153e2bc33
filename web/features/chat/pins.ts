import * as z from "zod";
import { remembered } from "../../shared/lib/remembered.ts";

/** Messages that can be pinned in one chat. */
export const MOST_PINS = 30;
/** Chats whose pins are remembered. */
const MOST_CHATS = 200;

const Seqs = z.array(z.number().int().min(1)).max(MOST_PINS);
/** The least lately changed first. */
const Stored = z.array(z.tuple([z.string(), Seqs]));
type Stored = z.infer<typeof Stored>;

/** What was pinned in each chat, in this browser. A pin is the seq of the event that says the message. */
const stored = remembered<Stored>(
  "pins",
  (text) => {
    try {
      return Stored.parse(JSON.parse(text ?? "[]"));
    } catch {
      return []; // nothing of ours
    }
  },
  (chats) => JSON.stringify(chats),
);

/** The pins of a page: those of its address, so that a link shares them, else those that this browser remembers. */
export function pinsOf(session: string, search: string): readonly number[] {
  const linked = new URLSearchParams(search).get("pins");
  if (linked === null) return stored.get().find(([id]) => id === session)?.[1] ?? [];
  const seqs = linked
    .split(",")
    .map(Number)
    .filter((seq) => Number.isSafeInteger(seq) && seq > 0);
  return [...new Set(seqs)].toSorted((a, b) => a - b).slice(0, MOST_PINS);
}

/** Remembers the pins of a chat. */
export function rememberPins(session: string, pins: readonly number[]): void {
  const chats = stored.get().filter(([id]) => id !== session);
  if (pins.length > 0) chats.push([session, [...pins]]);
  stored.set(chats.slice(-MOST_CHATS));
}

/** The same address with other pins. */
export function withPins(search: string, pins: readonly number[]): string {
  const query = new URLSearchParams(search);
  if (pins.length === 0) query.delete("pins");
  else query.set("pins", pins.join(","));
  // A comma needs no escape there, and the address is read by people.
  const text = query.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}
