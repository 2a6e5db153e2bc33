/** Sessions of which a copy is kept at most. */
export const MOST_COPIES = 60;
/** Characters of all copies together at most. */
export const MOST_CHARS = 8 * 1024 * 1024;
/** A copy that nobody used for so long goes. */
export const COPY_AGE_MS = 30 * 24 * 60 * 60 * 1000;

/** What is known of a copy without reading it. */
export type CopyNote = { id: string; chars: number; usedAt: number };

/** The copies that have to go: those of long ago, and the least lately used ones beyond the bounds. */
export function outdated(notes: readonly CopyNote[], now: number): string[] {
  let chars = 0;
  return [...notes]
    .sort((a, b) => b.usedAt - a.usedAt || (a.id < b.id ? 1 : -1))
    .filter((note, index) => {
      chars += note.chars;
      return index >= MOST_COPIES || chars > MOST_CHARS || note.usedAt < now - COPY_AGE_MS;
    })
    .map(({ id }) => id);
}
