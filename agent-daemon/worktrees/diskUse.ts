import { run } from "../run.ts";

/** Counting is given up after this; a directory that was counted before is told of as it was then. */
const LIMIT_MS = 6_000;
/** How long a count holds. */
const KEEP_MS = 10 * 60_000;
const MOST = 1_000;

/** Counts what directories take on the disk, by `du`, and remembers it for a while. */
export function startDiskUse(now: () => number = Date.now) {
  const known = new Map<string, { bytes: number; at: number }>();
  return {
    /** Bytes; null when it could not be counted in time. */
    async of(directory: string, signal: AbortSignal): Promise<number | null> {
      const before = known.get(directory);
      if (before !== undefined && now() - before.at < KEEP_MS) return before.bytes;
      const result = await run({ argv: ["du", "-sk", "--", directory], timeoutMs: LIMIT_MS, signal });
      // It also ends with 1 when it may not look into some directory; what it could see is what there is to tell.
      const kilobytes = /^(\d+)\s/.exec(result.stdout.toString("utf8"))?.[1];
      if (result.status !== "exited" || kilobytes === undefined) return before?.bytes ?? null;
      if (known.size >= MOST) known.clear();
      const bytes = Number(kilobytes) * 1024;
      known.set(directory, { bytes, at: now() });
      return bytes;
    },
    forget: (directory: string): void => void known.delete(directory),
  };
}
