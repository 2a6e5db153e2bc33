/**
 * Cuts the middle out of a text that is longer than `maxBytes` of UTF-8 and says so in its place.
 * `cut` counts the bytes that are gone; 0 when the text is whole.
 */
export function cutMiddle(text: string, maxBytes: number): { text: string; cut: number } {
  // No UTF-16 unit takes more than three bytes.
  if (text.length * 3 <= maxBytes) return { text, cut: 0 };
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= maxBytes) return { text, cut: 0 };
  const half = Math.floor(Math.max(0, maxBytes - MARK_BYTES) / 2);
  const head = bytes.subarray(0, startOfCharacter(bytes, half));
  const tail = bytes.subarray(startOfCharacter(bytes, bytes.length - half));
  const cut = bytes.length - head.length - tail.length;
  return { text: `${head.toString("utf8")}\n${cutMark(cut)}\n${tail.toString("utf8")}`, cut };
}

/** The first `maxBytes` of a text, with a mark that says how much more there was (`more` adds to it). */
export function cutEnd(text: string, maxBytes: number, more = 0): string {
  if (more === 0 && text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text, "utf8");
  if (more === 0 && bytes.length <= maxBytes) return text;
  const head = bytes.subarray(0, startOfCharacter(bytes, Math.min(bytes.length, maxBytes)));
  return `${head.toString("utf8")} ${cutMark(bytes.length - head.length + more)}`;
}

/** What stands where bytes were cut. */
export function cutMark(bytes: number): string {
  return `[… ${bytes} bytes cut …]`;
}

const MARK_BYTES = 48;

/** Moves an index back to where a UTF-8 character begins, so that none is torn. */
function startOfCharacter(bytes: Uint8Array, index: number): number {
  let at = index;
  while (at > 0 && at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
