import { describe, expect, it } from "vitest";
import { LINK_WINDOW_BYTES, LINK_WINDOW_MESSAGES } from "../../protocol/limits.ts";
import { SendWindow, TARGET_FRAME_BYTES, TARGET_FRAME_MESSAGES } from "./sendWindow.ts";

/** A journal of equal messages, and an edge that acks frame by frame. */
class Line {
  readonly window = new SendWindow();
  readonly frames: number[] = [];
  readonly #bytes: number;
  #head = 0;
  #onTheWay: number[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.window.reset(0, 0, 0);
  }

  put(count: number): void {
    this.#head += count;
    this.window.put(this.#head, count * this.#bytes);
    this.pump();
  }

  pump(): void {
    for (let limit = this.window.nextFrame(); limit !== null; limit = this.window.nextFrame()) {
      const fits = Math.max(1, Math.min(limit.messages, Math.floor(limit.bytes / this.#bytes)));
      const count = Math.min(fits, this.#head - this.window.sent);
      const first = this.window.sent + 1;
      this.window.sentItems(
        Array.from({ length: count }, (_, i) => ({ seq: first + i, bytes: this.#bytes })),
      );
      this.frames.push(count);
      this.#onTheWay.push(this.window.sent);
    }
  }

  ack(): void {
    expect(this.window.ack(this.#onTheWay.shift() ?? -1)).toBe(true);
    this.pump();
  }

  get onTheWay(): number {
    return this.#onTheWay.length;
  }
}

describe("the link's window", () => {
  it("sends the first at once and gathers while it is on the way", () => {
    const line = new Line(100);
    line.put(1);
    line.put(3);
    line.put(2);
    expect(line.frames).toEqual([1]);
    line.ack();
    expect(line.frames).toEqual([1, 5]);
  });

  it("sends full frames up to the window, by bytes and by messages", () => {
    const large = new Line(1024);
    large.put(10_000);
    expect(large.frames).toEqual([TARGET_FRAME_BYTES / 1024, TARGET_FRAME_BYTES / 1024]);
    expect(large.onTheWay * TARGET_FRAME_BYTES).toBeLessThanOrEqual(LINK_WINDOW_BYTES);
    const small = new Line(10);
    small.put(10_000);
    expect(small.frames).toEqual([TARGET_FRAME_MESSAGES, TARGET_FRAME_MESSAGES]);
    expect(small.onTheWay * TARGET_FRAME_MESSAGES).toBeLessThanOrEqual(LINK_WINDOW_MESSAGES);
  });

  it("does not fill the rest of the window with ever smaller frames", () => {
    for (const bytes of [190, 1000, 7001, 100_000]) {
      const line = new Line(bytes);
      line.put(20_000);
      while (line.onTheWay > 0) line.ack();
      const full = Math.min(TARGET_FRAME_MESSAGES, Math.floor(TARGET_FRAME_BYTES / bytes));
      expect(line.frames).toHaveLength(Math.ceil(20_000 / full));
      expect(Math.min(...line.frames.slice(0, -1))).toBe(full);
    }
  });

  it("sends a message that is larger than a frame, alone", () => {
    const line = new Line(LINK_WINDOW_BYTES);
    line.put(2);
    expect(line.frames).toEqual([1]);
    line.ack();
    expect(line.frames).toEqual([1, 1]);
  });
});
