import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const NEWLINE = 10;
const RETRY_MS = 1_000;

/** What an agent said and was given, in the order in which it happened, line by line (see `readRecorded`). */
export type Record = {
  /** Takes some of the agent's output; resolves when it is in the file. */
  said(chunk: Buffer): Promise<void>;
  /** Notes that an input was given to the agent. */
  given(n: number): Promise<void>;
  /** Ends a line that the agent left open. */
  end(): Promise<void>;
};

/** Opens the record on a file; a disk that is full is waited for. */
export function openRecord(file: FileHandle, now: () => number = Date.now): Record {
  let writing: Promise<void> = Promise.resolve();
  let inLine = false;
  let notes: string[] = [];

  function write(parts: Buffer[]): Promise<void> {
    const bytes = Buffer.concat(parts);
    writing = writing.then(() => writeAll(file, bytes));
    return writing;
  }
  function takeNotes(): Buffer[] {
    const taken = notes.map((note) => Buffer.from(note));
    notes = [];
    return taken;
  }

  return {
    said(chunk) {
      const parts: Buffer[] = [];
      for (let from = 0; from < chunk.length;) {
        const newline = chunk.indexOf(NEWLINE, from);
        const to = newline === -1 ? chunk.length : newline + 1;
        if (!inLine) parts.push(Buffer.from(`${now()} <`));
        parts.push(chunk.subarray(from, to));
        inLine = newline === -1;
        if (!inLine) parts.push(...takeNotes());
        from = to;
      }
      return write(parts);
    },
    given(n) {
      notes.push(`${now()} >${n}\n`);
      return inLine ? writing : write(takeNotes());
    },
    end() {
      const parts = inLine ? [Buffer.from("\n")] : [];
      inLine = false;
      return write([...parts, ...takeNotes()]);
    },
  };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += (await file.write(bytes, at)).bytesWritten;
    } catch {
      await sleep(RETRY_MS); // the disk is full: the agent waits until there is room
    }
  }
}
