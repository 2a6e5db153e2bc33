import type * as z from "zod";
import { readFileIfThere } from "./readFileIfThere.ts";

/** A JSON file of ours; null when it is missing or not what it should be (half written by an old version, edited). */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>): T | null {
  const text = readFileIfThere(path);
  if (text === null) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON: as good as missing, its owner writes it anew
  }
}
