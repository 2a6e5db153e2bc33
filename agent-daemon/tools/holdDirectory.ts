import { constants, existsSync } from "node:fs";
import { mkdir, open, realpath } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { fsCode } from "./explainFsError.ts";

/** Linux's: a descriptor of the place alone, which needs no right to read it. */
const O_PATH = 0o10_000_000;
/** macOS's: no link anywhere in the path is followed. */
const O_NOFOLLOW_ANY = process.platform === "darwin" ? 0x2000_0000 : 0;
const BY_DESCRIPTOR = process.platform === "linux" && existsSync("/proc/self/fd");

/** A directory that stays the same one, whatever becomes of its path. */
export type HeldDirectory = {
  /** Its path, without symbolic links. */
  real: string;
  /** Leads to the directory itself; also as the directory of a process that is started. */
  path: string;
  /** The path of a name in it. */
  at(name: string): string;
  close(): Promise<void>;
};

/**
 * Opens a path that has no symbolic links, name by name without following any, so that a directory that was replaced by
 * a link since it was resolved is refused (ENOTDIR). With `make`, directories that are missing are made.
 * Where descriptors have no paths (macOS), the path is checked again instead.
 */
export async function holdDirectory(real: string, make = false): Promise<HeldDirectory> {
  if (!BY_DESCRIPTOR) return holdByName(real, make);
  let held = await open("/", O_PATH | constants.O_DIRECTORY);
  try {
    for (const name of real.split("/").filter((each) => each !== "")) {
      const path = `/proc/self/fd/${held.fd}/${name}`;
      const next = await openDirectory(path, make);
      await held.close();
      held = next;
    }
  } catch (error) {
    await held.close();
    throw error;
  }
  return heldBy(held, real);
}

/** How another process of ours reaches a held directory, as long as it is held here. */
export function pathForOthers({ path }: HeldDirectory): string {
  return path.replace("/proc/self/", `/proc/${process.pid}/`);
}

/** Holds a directory that another process of ours holds, by its {@link pathForOthers}. */
export async function holdAgain(path: string): Promise<HeldDirectory> {
  if (!BY_DESCRIPTOR) return holdByName(path, false);
  return heldBy(await open(path, O_PATH | constants.O_DIRECTORY), path);
}

/** Opens a directory in a held one. */
export async function holdChild(parent: HeldDirectory, name: string): Promise<HeldDirectory> {
  const real = join(parent.real, name);
  return BY_DESCRIPTOR ? heldBy(await openDirectory(parent.at(name), false), real) : holdByName(real, false);
}

/** Opens a file in a held directory; its last name is no link either, and a FIFO does not hold us up. */
export function openIn(
  parent: HeldDirectory,
  name: string,
  flags: number,
  mode?: number,
): Promise<FileHandle> {
  const safe = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY | O_NOFOLLOW_ANY;
  return open(parent.at(name), flags | safe, mode);
}

async function openDirectory(path: string, make: boolean): Promise<FileHandle> {
  const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  try {
    return await open(path, flags);
  } catch (error) {
    if (!make || fsCode(error) !== "ENOENT") throw error;
  }
  try {
    await mkdir(path);
  } catch (error) {
    if (fsCode(error) !== "EEXIST") throw error; // somebody else made it at the same moment
  }
  return open(path, flags);
}

function heldBy(handle: FileHandle, real: string): HeldDirectory {
  const path = `/proc/self/fd/${handle.fd}`;
  return { real, path, at: (name) => `${path}/${name}`, close: () => handle.close() };
}

async function holdByName(real: string, make: boolean): Promise<HeldDirectory> {
  if (make) await mkdir(real, { recursive: true });
  if ((await realpath(real)) !== real) {
    throw Object.assign(new Error(`${real} is not what it was`), { code: "ELOOP" });
  }
  return { real, path: real, at: (name) => join(real, name), close: async () => {} };
}
