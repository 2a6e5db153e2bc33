const MOST_CHARACTERS = 120;
const MOST_EXTENSION = 16;

/**
 * A file's name as it is kept: the last part of whatever path was given, without what steers a terminal or turns the
 * reading direction, not hidden and not too long. It is only ever shown: no path is made of it.
 */
export function cleanName(given: string): string {
  const name = (given.normalize("NFC").split(/[/\\]/).at(-1) ?? "")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "")
    .replace(/["<>|:*?]/g, "_")
    .replace(/\s+/g, " ")
    .replace(/^[. ]+|[. ]+$/g, "");
  if (name === "") return "file";
  const characters = [...name];
  if (characters.length <= MOST_CHARACTERS) return name;
  const dot = characters.lastIndexOf(".");
  const extension = dot > 0 && characters.length - dot <= MOST_EXTENSION ? characters.slice(dot) : [];
  return [...characters.slice(0, MOST_CHARACTERS - extension.length), ...extension].join("");
}
