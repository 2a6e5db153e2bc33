/** The markers around a bracketed paste, with the escape character's one-byte form as UTF-8 writes it. */
const MARKER = /(?:\x1b\[|\u009b)20[01]~$/;
const MARKER_CHARS = 6;

/**
 * Takes the markers of bracketed paste out of text, so that pasted text cannot end its own paste and become keys. What
 * is left when a marker is taken out can be a marker again, so each is looked for in what has been kept so far.
 */
export function cleanPaste(text: string): string {
  const kept: string[] = [];
  for (const char of text.replaceAll("\r\n", "\n")) {
    kept.push(char);
    if (char !== "~") continue;
    const marker = MARKER.exec(kept.slice(-MARKER_CHARS).join(""));
    if (marker !== null) kept.length -= marker[0].length;
  }
  return kept.join("");
}
