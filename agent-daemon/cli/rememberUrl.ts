import { parseDocument } from "yaml";
import { readFileIfThere } from "../system/readFileIfThere.ts";
import { Sentence } from "../system/Sentence.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";

/** Writes the address into the configuration, keeping everything else of it (comments too). */
export function rememberUrl(path: string, url: string): void {
  const before = readFileIfThere(path) ?? "";
  const after = withUrl(before, url);
  if (after === null) throw new Sentence(`${path} is not valid YAML. Mend it, or move it away.`);
  if (after !== before) writeFileSafely(path, after);
}

/** The configuration's text with this address; null when it is not YAML. Pure. */
export function withUrl(text: string, url: string): string | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  if (document.get("url") === url) return text;
  document.set("url", url);
  return document.toString();
}
