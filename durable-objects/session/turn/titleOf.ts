import { redact } from "../../../protocol/redact.ts";

const MOST = 60;

/** A chat's title, made of its first message: the first line with words in it, cut at a word. Empty when there is none. */
export function titleOf(message: string): string {
  const line = message.split("\n").find((each) => each.trim() !== "") ?? "";
  const title = redact(line).trim().replace(/\s+/g, " ");
  if (title.length <= MOST) return title;
  const cut = title.slice(0, MOST);
  const word = title[MOST] === " " ? MOST : cut.lastIndexOf(" ");
  // A word that is longer than a title is cut in the middle, though not within a character.
  return `${(word > 0 ? cut.slice(0, word) : cut.replace(/[\uD800-\uDBFF]$/, "")).trimEnd()}…`;
}
