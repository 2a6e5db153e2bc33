import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { FileChange } from "../../protocol/changes.ts";
import { MAX_FILE_PATCH_CHARS } from "../../protocol/changes.ts";

/** What of a file git takes to see whether it is text. */
const SNIFFED_BYTES = 8_000;

/** A file that git does not know: all of it is new. */
export async function readUntracked(root: string, path: string): Promise<FileChange> {
  const none = { path, kind: "untracked", staged: "none", added: null, removed: null, patch: null } as const;
  // Git names a directory only when it is a repository of its own.
  if (path.endsWith("/")) return { ...none, kind: "submodule", patch: "" };
  let bytes: Buffer | null;
  try {
    bytes = await readWhole(join(root, path));
  } catch {
    return { ...none, hidden: "unreadable" }; // gone since, or not ours to read
  }
  if (bytes === null) return { ...none, hidden: "too_big" };
  if (bytes.subarray(0, SNIFFED_BYTES).includes(0)) return { ...none, hidden: "binary" };
  const text = bytes.toString("utf8");
  if (text === "") return { ...none, added: 0, removed: 0, patch: "" };
  const lines = text.replace(/\n$/, "").split("\n");
  const end = text.endsWith("\n") ? [] : ["\\ No newline at end of file"];
  const patch = [`@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`), ...end].join("\n");
  return { ...none, added: lines.length, removed: 0, patch };
}

/** The bytes of a file, or where a link leads; null when they are too many. Throws for what is neither. */
async function readWhole(path: string): Promise<Buffer | null> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return Buffer.from(await readlink(path));
  // What took its place since is not followed, and not waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const now = await file.stat();
    if (!now.isFile()) throw new Error("not a file");
    if (now.size > MAX_FILE_PATCH_CHARS) return null;
    // One that grows while it is read is not read to its end.
    const buffer = Buffer.alloc(MAX_FILE_PATCH_CHARS);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
