/** Largest output frame. Two fill the credit of a viewer, so that one can be drawn while the next is on its way. */
export const OUTPUT_FRAME_BYTES = 32 * 1024;
/** Output is gathered no longer than this while a frame before it has not been seen. */
export const GATHER_MS = 2;
/** After a frame of this size more is likely to come at once, so it is gathered too. */
const BULK_BYTES = 1024;
/** With less room than this, it pays to wait for the credit that must come. */
const SMALL_ROOM = 8 * 1024;

export type Pace = { send: number } | { wait: "credit" } | { wait: "time"; ms: number } | { wait: "output" };

/**
 * When and how much to send. At once when nothing is on its way and it does not pour; otherwise what comes is gathered
 * until that has been seen, a frame is full or a moment has passed. Never a fixed delay.
 */
export function pace(now: {
  pending: number;
  room: number;
  /** Bytes on their way to the fastest viewer. */
  unseen: number;
  sinceLastMs: number;
  /** Bytes of the frame before. */
  lastBytes: number;
}): Pace {
  const { pending, room, unseen, sinceLastMs, lastBytes } = now;
  if (pending === 0) return { wait: "output" };
  if (room <= 0 || (pending > room && room < SMALL_ROOM)) return { wait: "credit" };
  const gather = unseen > 0 || lastBytes >= BULK_BYTES;
  if (gather && pending < OUTPUT_FRAME_BYTES && sinceLastMs < GATHER_MS) {
    return { wait: "time", ms: GATHER_MS - sinceLastMs };
  }
  return { send: Math.min(pending, room, OUTPUT_FRAME_BYTES) };
}
