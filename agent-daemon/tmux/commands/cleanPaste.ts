/** The markers around a bracketed paste, with the escape character's one-byte form as UTF-8 writes it. */
const MARKER = /(?:\x1b\[|\u009b)20[01]~/g;

/** Takes the markers of bracketed paste out of text, so that pasted text cannot end its own paste and become keys. */
export function cleanPaste(text: string): string {
  let clean = text.replaceAll("\r\n", "\n");
  // What is left when a marker is taken out can be a marker again.
  for (let before = ""; before !== clean;) {
    before = clean;
    clean = clean.replace(MARKER, "");
  }
  return clean;
}
