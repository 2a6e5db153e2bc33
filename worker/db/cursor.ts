import * as z from "zod";
import { Problem } from "../problem.ts";

const Key = z.tuple([z.number(), z.string()]);

/** An opaque cursor over (time, id). */
export function encodeCursor(time: number, id: string): string {
  // An agent's own id may hold any character; the encoding takes plain ones.
  const plain = JSON.stringify([time, id]).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return btoa(plain).replace(/=+$/, "");
}

/** Reads a cursor; one that is not ours is a 400. */
export function decodeCursor(cursor: string): [number, string] {
  try {
    return Key.parse(JSON.parse(atob(cursor)));
  } catch {
    throw new Problem(400, "invalid_cursor", "The cursor is not one that this API gave.");
  }
}
