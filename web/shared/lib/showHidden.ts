// Control characters, marks that turn the direction of text around, and characters of no width.
const HIDDEN =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** Text in which nothing hides: what would not be seen, or would make other signs look different, is written as its number. */
export function showHidden(text: string): string {
  return text.replaceAll(HIDDEN, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
}
