export type FoundLink = { start: number; end: number; url: string };

const URL_PATTERN = /\bhttps?:\/\/[^\s"'`<>{}|\\^\u2500-\u257f]+/g;

/** Web addresses in a line of text, without the punctuation that follows them. */
export function findLinks(text: string): FoundLink[] {
  const found: FoundLink[] = [];
  for (const match of text.matchAll(URL_PATTERN)) {
    const url = trimEnd(match[0]);
    if (URL.canParse(url)) found.push({ start: match.index, end: match.index + url.length, url });
  }
  return found;
}

/** A sentence ends after an address, and an address may stand in brackets; brackets of its own belong to it. */
function trimEnd(url: string): string {
  let end = url;
  for (;;) {
    const last = end.at(-1) ?? "";
    const opening = last === ")" ? "(" : last === "]" ? "[" : null;
    const unbalanced = opening !== null && end.split(opening).length < end.split(last).length;
    if (!/[.,;:!?*]/.test(last) && !unbalanced) return end;
    end = end.slice(0, -1);
  }
}
