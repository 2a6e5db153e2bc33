import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export const LOG_MAX_BYTES = 5 * 1024 * 1024;
/** Older files: `.1` is the newest of them. */
export const LOG_KEEP = 3;

export type RotatingLog = { write(chunk: string | Uint8Array): void; close(): void };

/** Appends to a file and puts it aside when it has grown; what is kept is bounded. */
export function openRotatingLog(path: string, maxBytes: number = LOG_MAX_BYTES): RotatingLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, "a", 0o600);
  let size = fstatSync(file).size;

  function rotate(): void {
    closeSync(file);
    for (let i = LOG_KEEP; i >= 1; i--) {
      try {
        renameSync(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`);
      } catch {
        // there are not that many yet
      }
    }
    file = openSync(path, "a", 0o600);
    size = 0;
  }

  return {
    write(chunk) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      try {
        if (size > 0 && size + bytes.length > maxBytes) rotate();
        size += writeSync(file, bytes);
      } catch {
        // A full disk must not end what is being logged.
      }
    },
    close: () => closeSync(file),
  };
}
