import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { CallStore } from "./callStore.ts";
import { fsCode } from "./explainFsError.ts";
import { openIn } from "./holdDirectory.ts";
import type { HeldFile } from "./onFile.ts";

/** Largest file that is changed. */
const MAX_BYTES = 8 * 1024 * 1024;

/** A file as it was read, so that it is known for the same one when it is replaced. */
export type TextFile = { text: string; mode: number; uid: number; gid: number; version: string };
export type TextRead = { ok: true; file: TextFile | null } | { ok: false; message: string };

/** Reads the text that is to be changed; `file` is null when there is none yet. */
export async function readText(at: HeldFile): Promise<TextRead> {
  let handle: FileHandle;
  try {
    handle = await openIn(at.parent, at.name, constants.O_RDWR);
  } catch (error) {
    if (fsCode(error) === "ENOENT") return { ok: true, file: null };
    if (fsCode(error) === "ENXIO") return { ok: false, message: `${at.label} is not a regular file.` };
    throw error;
  }
  try {
    const facts = await handle.stat({ bigint: true });
    if (!facts.isFile()) return { ok: false, message: `${at.label} is not a regular file.` };
    if ((Number(facts.mode) & 0o222) === 0)
      return { ok: false, message: `${at.label} is marked as read-only.` };
    if (facts.size > MAX_BYTES)
      return {
        ok: false,
        message: `${at.label} has ${facts.size} bytes; no more than ${MAX_BYTES} can be changed.`,
      };
    const bytes = await handle.readFile();
    const text = readUtf8(bytes);
    if (text === null) return { ok: false, message: `${at.label} is not text in UTF-8; it is not changed.` };
    const { mode, uid, gid } = {
      mode: Number(facts.mode) & 0o777,
      uid: Number(facts.uid),
      gid: Number(facts.gid),
    };
    return { ok: true, file: { text, mode, uid, gid, version: versionOf(facts) } };
  } finally {
    await handle.close();
  }
}

export type Replaced = { ok: true } | { ok: false; message: string };

/**
 * Puts a text in the place of a file (`before` null: of none), whole or not at all: it is written beside it, and takes
 * its name when it is on the disk. A file that changed since it was read stays as it is.
 */
export async function replaceFile(
  at: HeldFile,
  before: TextFile | null,
  text: string,
  call: { id: string; calls: CallStore },
): Promise<Replaced> {
  const name = `.signalbox-${randomUUID()}.tmp`;
  call.calls.begin(call.id);
  call.calls.setTemp(call.id, join(at.parent.real, name));
  let made = false;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const handle = await openIn(at.parent, name, flags, before === null ? 0o666 : 0o600);
    made = true;
    try {
      await handle.writeFile(text, "utf8");
      if (before !== null) {
        await keepOwner(handle, before);
        await handle.chmod(before.mode);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if ((await currentVersion(at)) !== (before?.version ?? null)) {
      return {
        ok: false,
        message: `${at.label} was changed by somebody else at the same moment; it is left alone.`,
      };
    }
    await rename(at.parent.at(name), at.parent.at(at.name));
    made = false;
    await syncDirectory(at);
    return { ok: true };
  } finally {
    if (made) await unlink(at.parent.at(name));
    call.calls.end(call.id);
  }
}

/** Another user's file stays theirs where we may see to it. */
async function keepOwner(handle: FileHandle, { uid, gid }: TextFile): Promise<void> {
  const facts = await handle.stat();
  if (facts.uid === uid && facts.gid === gid) return;
  try {
    await handle.chown(uid, gid);
  } catch (error) {
    if (fsCode(error) !== "EPERM") throw error; // not root: the file becomes ours
  }
}

async function currentVersion(at: HeldFile): Promise<string | null> {
  try {
    const handle = await openIn(at.parent, at.name, constants.O_RDONLY);
    try {
      return versionOf(await handle.stat({ bigint: true }));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (fsCode(error) === "ENOENT") return null;
    if (fsCode(error) === "EACCES") return "unreadable"; // it was readable a moment ago: somebody changed it
    throw error;
  }
}

async function syncDirectory(at: HeldFile): Promise<void> {
  const directory = await open(at.parent.path, constants.O_RDONLY | constants.O_DIRECTORY).catch(() => null); // one that may be written but not read
  if (directory === null) return;
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function versionOf(facts: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string {
  return `${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
}

function readUtf8(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    // A byte order mark is part of the file and stays.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // not UTF-8
  }
}
