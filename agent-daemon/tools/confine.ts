import { lstat, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { explainFsError, fsCode } from "./explainFsError.ts";
import { isWithin } from "./isWithin.ts";
import type { Secrets } from "./secretPlaces.ts";
import { shown } from "./toolResult.ts";

/** What confines a call; every path in it without symbolic links. */
export type Confinement = {
  root: string;
  /** Paths that may be read too: outside of the root, or in it where secrets are. */
  outside: readonly string[];
  /** The daemon's own files (its token, its journal), which no tool touches wherever they are. */
  closed: readonly string[];
  /** Places that are read only where they were given by name. */
  secrets: Secrets;
};

/** `path` has no symbolic links in it; its last names may not exist yet. */
export type Confined = { ok: true; path: string } | { ok: false; code: string; message: string };

/**
 * Resolves a path as the system would (symbolic links before `..`), and refuses what leads out of the root.
 * What opens it afterwards must not follow links (see holdDirectory): the path may change at any moment.
 */
export async function confine(
  place: Confinement,
  path: string,
  use: "read" | "write" | "run",
): Promise<Confined> {
  if (/[\0\n\r]/.test(path)) return refuse("A path with a line feed or a NUL in it is not taken.");
  const full = path.startsWith("/") ? path : `${place.root}/${path}`;
  const found = await resolveExisting(full);
  if (!found.ok) return found;
  const { real, missing } = found;
  const wanted = join(real, ...missing);
  const allowed = use === "read" ? [place.root, ...place.outside] : [place.root];
  if (!allowed.some((each) => isWithin(each, wanted))) {
    const where = wanted === full ? "" : ` (it leads to ${shown(wanted)})`;
    return refuse(`${shown(path)} is outside of the workspace ${shown(place.root)}${where}.`);
  }
  if (isClosed(place, wanted)) {
    return {
      ok: false,
      code: "closed",
      message: `${shown(path)} belongs to the daemon itself; no tool reads or writes it.`,
    };
  }
  if (place.secrets.holds(wanted) && !(use === "read" && isGiven(place, wanted))) {
    const how =
      use === "read"
        ? "it is read only when the person allows it (request_read_access names the path)"
        : "no tool works in it";
    return { ok: false, code: "secret", message: `${shown(path)} is a place of secrets; ${how}.` };
  }
  // What git would run by itself (hooks, filters, a pager) must not be planted by what may only write.
  if (use === "write" && wanted.split("/").some((name) => name.toLowerCase() === ".git")) {
    return {
      ok: false,
      code: "closed",
      message: `${shown(path)} is in a .git directory, which is written by git alone.`,
    };
  }
  return { ok: true, path: wanted };
}

/** Whether a path is one of the daemon's own files. */
function isClosed(place: Pick<Confinement, "closed">, path: string): boolean {
  return place.closed.some((each) => isWithin(each, path));
}

/** Whether secrets may be read: their place, or something in it, was given. What was given around it does not open it. */
function isGiven({ outside, secrets }: Confinement, path: string): boolean {
  return outside.some((each) => isWithin(each, path) && secrets.holds(each));
}

/** Whether a path that was come upon in a directory is left out: the daemon's own, or secrets that were not given. */
export function isHidden(place: Confinement, path: string): boolean {
  return isClosed(place, path) || (place.secrets.holds(path) && !isGiven(place, path));
}

/** The given paths, resolved. One inside of the root opens no more than itself: a link there is no grant. */
export async function resolveOutside(
  root: string,
  outside: readonly string[],
  secrets: Secrets,
): Promise<string[]> {
  const resolved = await Promise.all(
    outside.map(async (path) => {
      if (!path.startsWith("/") || path.includes("\0")) return [];
      try {
        const [written, real] = [resolve(path), await realpath(path)];
        // Who allowed it saw what was written: a link opens neither the workspace's other places nor secrets.
        const misleads = isWithin(root, written) || (secrets.holds(real) && !secrets.holds(written));
        return real !== written && misleads ? [] : [real];
      } catch {
        return []; // not there: there is nothing to read
      }
    }),
  );
  return resolved.flat();
}

type Existing = { ok: true; real: string; missing: string[] } | { ok: false; code: string; message: string };

/** Resolves the deepest ancestor that exists; the names after it are what would be made. */
async function resolveExisting(path: string): Promise<Existing> {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  for (let count = names.length; ; count--) {
    let real: string;
    try {
      // The system's own resolution; Node's join() would take `link/..` for the link's directory.
      real = await realpath(`/${names.slice(0, count).join("/")}`);
    } catch (error) {
      if (fsCode(error) === "ENOENT" && count > 0) continue;
      const message = explainFsError(error, path);
      if (message === null) throw error;
      return { ok: false, code: "bad_path", message };
    }
    const missing = names.slice(count);
    if (missing.includes("..")) {
      return refuse(`${shown(path)} goes up from a directory that does not exist.`);
    }
    const [next] = missing;
    if (next !== undefined && (await isThere(join(real, next)))) {
      return refuse(`${shown(join(real, next))} is a symbolic link that leads nowhere.`);
    }
    return { ok: true, real, missing };
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false; // whatever keeps it from being seen keeps it from being opened, too
  }
}

function refuse(message: string): { ok: false; code: string; message: string } {
  return { ok: false, code: "outside_workspace", message };
}
