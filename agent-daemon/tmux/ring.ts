import { RING_LINES } from "../../protocol/limits.ts";
import { EMPTY_START, type LineStart, plainLinesInSlices } from "./plainLines.ts";

/** Raw bytes kept; enough for {@link RING_LINES} lines of 400 bytes. */
export const RING_BYTES = 2 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
const ALTERNATE_SWITCH = /\x1b\[\?(?:47|1047|1049)([hl])/g;

/**
 * The last output of a pane, for search. It keeps raw bytes and makes lines of them only when somebody asks:
 * under a flood, taking bytes is a copy and nothing else.
 */
export class Ring {
  #blocks: Buffer[] = [];
  #used = 0;
  #start: (() => LineStart) | null = null;
  #whole = true;
  #alternate = false;

  /** Begins anew at a known screen; everything before is forgotten. `start` is asked only when lines are. */
  begin(start: () => LineStart, alternate: boolean): void {
    this.#blocks = [];
    this.#used = 0;
    this.#start = start;
    this.#whole = true;
    this.#alternate = alternate;
  }

  /** Bytes are missing from here on, so the ring is of no use until it begins anew. */
  lose(): void {
    this.#blocks = [];
    this.#start = null;
  }

  /** Whether it holds everything since it began. */
  get complete(): boolean {
    return this.#start !== null;
  }

  add(bytes: Uint8Array): void {
    if (this.#start === null) return;
    for (let at = 0; at < bytes.length;) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#used === BLOCK_BYTES) {
        block = this.#nextBlock();
        this.#used = 0;
      }
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#used);
      block.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
    }
  }

  /** The newest lines, oldest first; at most {@link RING_LINES}. Empty when it is not complete. */
  async lines(): Promise<string[]> {
    if (this.#start === null) return [];
    const last = this.#blocks.at(-1);
    const bytes = Buffer.concat(
      last === undefined ? [] : [...this.#blocks.slice(0, -1), last.subarray(0, this.#used)],
    );
    const start = this.#whole ? this.#start() : { ...EMPTY_START, alternate: this.#alternate };
    const whole = this.#whole;
    const lines = await plainLinesInSlices(bytes.toString("utf8"), start);
    // What remains of the first line once the oldest bytes are gone is not a line.
    if (!whole) lines.shift();
    return lines.slice(-RING_LINES);
  }

  #nextBlock(): Buffer {
    if (this.#blocks.length * BLOCK_BYTES < RING_BYTES) {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      this.#blocks.push(block);
      return block;
    }
    const oldest = this.#blocks.shift();
    if (oldest === undefined) throw new Error("a ring without blocks");
    // Whether the bytes that remain begin on the alternate screen is told by the last switch before them.
    for (const match of oldest.toString("latin1").matchAll(ALTERNATE_SWITCH))
      this.#alternate = match[1] === "h";
    this.#whole = false;
    this.#blocks.push(oldest);
    return oldest;
  }
}
