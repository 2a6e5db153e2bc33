/** SQLite's primary result codes that mean "there is no room, or the disk does not take it now". */
const FULL_CODES = new Map([
  [5, "the database is busy"],
  [8, "the database cannot be written"],
  [10, "the disk reports an error"],
  [13, "the disk is full"],
  [14, "the database cannot be opened"],
]);

/** Why a write did not take place, when it is for want of room or a failing disk; null for any other error. */
export function storageTrouble(error: unknown): string | null {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  return FULL_CODES.get(error.errcode & 0xff) ?? null;
}
