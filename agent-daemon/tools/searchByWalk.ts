import { constants } from "node:fs";
import { readdir } from "node:fs/promises";
import { RE2JS } from "re2js";
import { explainFsError } from "./explainFsError.ts";
import { holdChild, openIn } from "./holdDirectory.ts";
import type { HeldDirectory } from "./holdDirectory.ts";
import { SKIPPED } from "./listFiles.ts";
import type { Found, Searched } from "./searchFiles.ts";

const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_MS = 20_000;
const MAX_DEPTH = 64;
/** Instructions of a compiled pattern; the engine's time is the text times this at worst. */
const MAX_PROGRAM = 4_000;
/** The rest of the daemon waits no longer than this. */
const SLICE_MS = 8;
const SNIFF_BYTES = 8_000;

export type WalkRequest = {
  pattern: string;
  directory: HeldDirectory;
  /** The one file in it that is searched. */
  only: string | null;
  signal: AbortSignal;
  found: (found: Found) => boolean;
};

/** Searches files where there is no ripgrep: linear in the text whatever the pattern, never for long at a time, no link followed. */
export async function searchByWalk({
  pattern,
  directory,
  only,
  signal,
  found,
}: WalkRequest): Promise<Searched> {
  const compiled = compile(pattern);
  if (!compiled.ok) return compiled;
  const { test } = compiled;
  const deadline = performance.now() + MAX_MS;
  let slice = performance.now();
  let more: "no" | "limit" | "time" = "no";

  /** Whether to go on; lets others in between. */
  async function goOn(): Promise<boolean> {
    if (more !== "no" || signal.aborted) return false;
    const now = performance.now();
    if (now > deadline) more = "time";
    if (now - slice > SLICE_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      slice = performance.now();
    }
    return more === "no";
  }

  async function searchFile(held: HeldDirectory, name: string, path: string): Promise<void> {
    const handle = await openIn(held, name, constants.O_RDONLY);
    let bytes: Buffer;
    try {
      const facts = await handle.stat();
      if (!facts.isFile() || facts.size > MAX_FILE_BYTES) return;
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
    if (bytes.subarray(0, SNIFF_BYTES).includes(0)) return;
    const lines = bytes.toString("utf8").split("\n");
    for (const [index, text] of lines.entries()) {
      if (test(text) && !found({ path, line: index + 1, text })) more = "limit";
      if (!(await goOn())) return;
    }
  }

  async function walk(held: HeldDirectory, prefix: string, depth: number): Promise<void> {
    const entries = (await readdir(held.path, { withFileTypes: true })).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    for (const entry of entries) {
      if (!(await goOn())) return;
      const path = `${prefix}${entry.name}`;
      try {
        if (entry.isFile()) await searchFile(held, entry.name, path);
        else if (entry.isDirectory() && depth < MAX_DEPTH && !SKIPPED.has(entry.name)) {
          const child = await holdChild(held, entry.name);
          try {
            await walk(child, `${path}/`, depth + 1);
          } finally {
            await child.close();
          }
        }
      } catch (error) {
        // One that cannot be read, or is gone, keeps nobody from the others.
        if (explainFsError(error, path) === null) throw error;
      }
    }
  }

  if (only === null) await walk(directory, "", 0);
  else await searchFile(directory, only, only);
  return { ok: true, more };
}

function compile(
  pattern: string,
): { ok: true; test: (line: string) => boolean } | (Searched & { ok: false }) {
  const refuse = (message: string) => ({ ok: false, missing: false, message }) as const;
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > MAX_PROGRAM)
      return refuse("The pattern is too large; use smaller repetitions.");
    return { ok: true, test: (line) => compiled.test(line) };
  } catch (error) {
    return refuse(`The pattern is not valid: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
