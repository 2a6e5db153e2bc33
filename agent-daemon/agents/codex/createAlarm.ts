import { watch } from "node:fs";

export type Alarm = { ring(): void; wait(timeoutMs: number): Promise<void> };

/** Something to sleep on: `wait` returns at once when it rang since the last time. */
export function createAlarm(): Alarm {
  let rung = false;
  let waiting: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      waiting?.();
    },
    async wait(timeoutMs) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          waiting = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      waiting = null;
      rung = false;
    },
  };
}

/** Calls back when a file, or something in a directory, changes; `blind` when the system does not tell. */
export function watchPath(path: string, changed: () => void): { blind(): boolean; stop(): void } {
  let blind = false;
  try {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on("error", () => {
      blind = true;
      changed();
    });
    return { blind: () => blind, stop: () => watcher.close() };
  } catch {
    // No more watches on this system, or nothing there: polling does it.
    return { blind: () => true, stop: () => {} };
  }
}
