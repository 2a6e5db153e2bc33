import { cutMark } from "../agents/codex/cutText.ts";

/** Bytes of binary output that are shown, in hex. */
const HEX_BYTES = 64;
/** Share of characters that no text has, above which output is binary. */
const BINARY_SHARE = 0.1;

export type Collected = { text: string; cut: number };
export type OutputCollector = {
  /** Takes bytes of one of the streams as they come. */
  add(stream: number, chunk: Buffer): void;
  result(): Collected;
};

/** Keeps the head and the tail of what a program prints, in the order it came; what is between is counted. */
export function collectOutput(limit: number): OutputCollector {
  const half = Math.floor(limit / 2);
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let total = 0;
  // Bytes of a character that is not whole yet, per stream: the other stream must not get in between.
  const begun = new Map<number, Buffer>();

  function take(bytes: Buffer): void {
    total += bytes.length;
    const first = bytes.subarray(0, half - headBytes);
    if (first.length > 0) head.push(Buffer.from(first));
    headBytes += first.length;
    const rest = bytes.subarray(first.length).subarray(-half);
    if (rest.length === 0) return;
    tail.push(Buffer.from(rest));
    tailBytes += rest.length;
    if (tailBytes > 4 * half) trim();
  }

  function trim(): void {
    const last = Buffer.concat(tail).subarray(-half);
    tail = [Buffer.from(last)];
    tailBytes = last.length;
  }

  return {
    add(stream, chunk) {
      const before = begun.get(stream);
      const bytes = before === undefined ? chunk : Buffer.concat([before, chunk]);
      const end = endOfWhole(bytes);
      if (end < bytes.length) begun.set(stream, Buffer.from(bytes.subarray(end)));
      else begun.delete(stream);
      take(bytes.subarray(0, end));
    },
    result() {
      for (const bytes of begun.values()) take(bytes);
      begun.clear();
      trim();
      const [start, end] = [Buffer.concat(head), Buffer.concat(tail)];
      const kept = Buffer.concat([start, end]);
      if (looksBinary(kept)) return describeBinary(kept, total);
      if (kept.length === total) return { text: decode(kept), cut: 0 };
      const whole = start.subarray(0, endOfWhole(start));
      const from = beginOfWhole(end);
      const cut = total - whole.length - (end.length - from);
      return { text: `${decode(whole)}\n${cutMark(cut)}\n${decode(end.subarray(from))}`, cut };
    },
  };
}

/** Whether bytes are no text: too many of them are not UTF-8, or control characters that no text has. */
export function looksBinary(bytes: Buffer): boolean {
  if (bytes.length === 0) return false;
  const text = bytes.toString("utf8");
  const odd = text.match(/[\0-\x06\x0e-\x1a\x1c-\x1f\ufffd]/g)?.length ?? 0;
  return odd > text.length * BINARY_SHARE;
}

/** Says what binary bytes are, as far as it can be said. */
export function describeBinary(bytes: Buffer, total: number): Collected {
  const shown = bytes.subarray(0, HEX_BYTES);
  const hex = shown.toString("hex").replace(/(..)(?!$)/g, "$1 ");
  return {
    text: `[binary, ${total} bytes; the first ${shown.length} in hex]\n${hex}`,
    cut: total - shown.length,
  };
}

/** NUL ends the texts of others; its picture does not. */
function decode(bytes: Buffer): string {
  return bytes.toString("utf8").replaceAll("\0", "␀");
}

/** Where a UTF-8 character that is not whole begins at the end; the length when there is none. */
function endOfWhole(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function beginOfWhole(bytes: Buffer): number {
  let at = 0;
  while (at < Math.min(3, bytes.length) && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}
