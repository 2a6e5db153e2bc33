import { LINK_WINDOW_BYTES, LINK_WINDOW_MESSAGES } from "../../protocol/limits.ts";

/** Frames grow to about this size while others are on the way: half the window, so that one is taken in while the next travels. */
export const TARGET_FRAME_BYTES = LINK_WINDOW_BYTES / 2;
/** … and to this many messages. */
export const TARGET_FRAME_MESSAGES = LINK_WINDOW_MESSAGES / 2;

/** What is on the way, and what waits behind it. Pure bookkeeping; the journal has the messages. */
export class SendWindow {
  #sent = 0;
  #acked = 0;
  #bytesInFlight = 0;
  #waitingBytes = 0;
  #head = 0;
  readonly #inFlight: { seq: number; bytes: number }[] = [];

  /** A connection begins: nothing is on the way, and this much waits after `acked`, up to `head`. */
  reset(acked: number, head: number, waitingBytes: number): void {
    this.#sent = acked;
    this.#acked = acked;
    this.#bytesInFlight = 0;
    this.#inFlight.length = 0;
    this.#waitingBytes = waitingBytes;
    this.#head = head;
  }

  get sent(): number {
    return this.#sent;
  }

  get acked(): number {
    return this.#acked;
  }

  get unacked(): boolean {
    return this.#inFlight.length > 0;
  }

  /** Something came into the journal, whose last seq is `head` now. */
  put(head: number, bytes: number): void {
    this.#waitingBytes += bytes;
    this.#head = head;
  }

  /**
   * How much the next frame may hold, or null while it is better to gather: the first goes at once;
   * while frames are on the way only full ones follow, and only where the window has room for a full one
   * (what is left of it would be filled with ever smaller frames).
   */
  nextFrame(): { messages: number; bytes: number } | null {
    const waiting = this.#head - this.#sent;
    if (waiting <= 0) return null;
    const full = { messages: TARGET_FRAME_MESSAGES, bytes: TARGET_FRAME_BYTES };
    if (!this.unacked) return full;
    const isMuch = this.#waitingBytes >= full.bytes || waiting >= full.messages;
    const hasRoom =
      LINK_WINDOW_BYTES - this.#bytesInFlight >= full.bytes &&
      LINK_WINDOW_MESSAGES - this.#inFlight.length >= full.messages;
    return isMuch && hasRoom ? full : null;
  }

  /** These went out, in order. None: what was put is not there after all (its transaction was undone). */
  sentItems(items: { seq: number; bytes: number }[]): void {
    if (items.length === 0) {
      this.#head = this.#sent;
      this.#waitingBytes = 0;
    }
    for (const { seq, bytes } of items) {
      this.#inFlight.push({ seq, bytes });
      this.#bytesInFlight += bytes;
      this.#waitingBytes = Math.max(0, this.#waitingBytes - bytes);
      this.#sent = seq;
    }
  }

  /** Takes an ack; false when it is of something never sent (it is then ignored). */
  ack(seq: number): boolean {
    if (seq > this.#sent) return false;
    let count = 0;
    for (const { seq: sent, bytes } of this.#inFlight) {
      if (sent > seq) break;
      this.#bytesInFlight -= bytes;
      count += 1;
    }
    this.#inFlight.splice(0, count);
    this.#acked = Math.max(this.#acked, seq);
    return true;
  }
}
