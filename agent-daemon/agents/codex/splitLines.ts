/**
 * A whole line, without its newline; `cut` counts bytes that were dropped from its end because it was too long,
 * `bytes` is what it takes in the stream, with its newline.
 */
export type Line = { text: string; cut: number; bytes: number };

const NEWLINE = 10;

export type LineSplitter = {
  /** The lines that a chunk completes. */
  push(chunk: Buffer): Line[];
  /** Bytes read since the last newline: where to read again after a restart. */
  pending(): number;
  /** The last line, when the file ended without a newline. */
  flush(): Line | null;
};

/**
 * Splits a stream of bytes into lines at newlines, so that no UTF-8 character is torn; invalid bytes become U+FFFD.
 * Of a line longer than `maxBytes` only the first `keepBytes` are held.
 */
export function createLineSplitter(limits: { maxBytes: number; keepBytes: number }): LineSplitter {
  let parts: Buffer[] = [];
  let length = 0;
  let held = 0;

  const hold = (part: Buffer) => {
    if (part.length === 0) return;
    length += part.length;
    if (length <= limits.maxBytes) {
      parts.push(part);
      held += part.length;
    } else if (held !== limits.keepBytes) {
      // It has just become too long: what is held so far is all of it, and more than is kept.
      parts = [Buffer.concat([...parts, part]).subarray(0, limits.keepBytes)];
      held = limits.keepBytes;
    }
  };
  const take = (newline: 0 | 1): Line => {
    const whole = length <= limits.maxBytes;
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    const line = { text: bytes.toString("utf8"), cut: whole ? 0 : length - held, bytes: length + newline };
    parts = [];
    length = 0;
    held = 0;
    return line;
  };

  return {
    push(chunk) {
      const lines: Line[] = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        hold(chunk.subarray(from, at));
        lines.push(take(1));
        from = at + 1;
      }
      // A copy: the caller reads into the same buffer again.
      hold(Buffer.from(chunk.subarray(from)));
      return lines;
    },
    pending: () => length,
    flush: () => (length === 0 ? null : take(0)),
  };
}

/** A line of a job is held up to this size; its event is then cut to what the log takes. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const KEEP_OF_LONG_LINE_BYTES = 16 * 1024;

/** Splits what a job writes. */
export function createJobLines(): LineSplitter {
  return createLineSplitter({ maxBytes: MAX_LINE_BYTES, keepBytes: KEEP_OF_LONG_LINE_BYTES });
}
