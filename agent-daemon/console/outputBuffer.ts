/** Bytes that wait to be sent, in order. */
export class OutputBuffer {
  #parts: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  /** Takes up to `most` bytes from the front. */
  take(most: number): Buffer {
    const taken: Buffer[] = [];
    let left = Math.min(most, this.#bytes);
    this.#bytes -= left;
    while (left > 0) {
      const part = this.#parts[0];
      if (part === undefined) break;
      if (part.length <= left) {
        taken.push(part);
        this.#parts.shift();
        left -= part.length;
      } else {
        taken.push(part.subarray(0, left));
        this.#parts[0] = part.subarray(left);
        left = 0;
      }
    }
    const [only] = taken;
    return taken.length === 1 && only !== undefined ? only : Buffer.concat(taken);
  }

  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
