import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes an executable that runs a JavaScript program with this very Node, wherever PATH points; gives back its path.
 * For `agents` of a configuration, which names programs without arguments.
 */
export function writeProgram(dir: string, name: string, script: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The program that stands in for codex and counts (see counterCodex.mjs). */
export function writeCounterCodex(dir: string): string {
  return writeProgram(dir, "codex", join(import.meta.dirname, "counterCodex.mjs"));
}
