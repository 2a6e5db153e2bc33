import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { MAX_SCRIPT_CHARS } from "../../protocol/runs.ts";
import { hasCode } from "../system/readFileIfThere.ts";
import { say } from "../system/Sentence.ts";

/** A script, or why it cannot be read. `stamp` stays as long as the file does; `same`: it is the one that was known. */
export type ReadScript =
  | { kind: "read"; stamp: string; script: string; hash: string }
  | { kind: "same" }
  | { kind: "unreadable"; problem: string };

/** Reads a script, which is never run by it. A link is not followed: what it leads to may be anything, and would be shown. */
export async function readScript(path: string, known?: string): Promise<ReadScript> {
  const no = (problem: string): ReadScript => ({ kind: "unreadable", problem });
  const file = await openPlain(path);
  if (typeof file === "string") return no(file);
  try {
    const stat = await file.stat();
    const stamp = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    if (stamp === known) return { kind: "same" };
    if (!stat.isFile()) return no("It is not a plain file.");
    const tooLong = no(`A script has at most ${MAX_SCRIPT_CHARS} characters.`);
    if (stat.size > 4 * MAX_SCRIPT_CHARS) return tooLong;
    const script = await file.readFile("utf8");
    if (script.length > MAX_SCRIPT_CHARS) return tooLong;
    return { kind: "read", stamp, script, hash: createHash("sha256").update(script).digest("base64url") };
  } catch (error) {
    return no(say(error).slice(0, 1000));
  } finally {
    await file.close();
  }
}

/** Opens a file that is no link; nothing is waited for, a pipe least of all. Why it cannot be, otherwise. */
async function openPlain(path: string) {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "ELOOP")) return "It is not a plain file: links are not followed.";
    return hasCode(error, "EACCES") ? "The daemon may not read it." : say(error).slice(0, 1000);
  }
}
