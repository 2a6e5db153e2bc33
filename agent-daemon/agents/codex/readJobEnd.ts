import { open } from "node:fs/promises";
import { hasCode, readIfThere } from "./durableFiles.ts";
import type { FollowedEnd } from "./followJob.ts";
import { jobPaths } from "./jobFiles.ts";
import { meaningOfStderr, reasonOfStderr } from "./stderrReason.ts";
import type { JobEnd } from "./translate.ts";

const STDERR_TAIL_BYTES = 16 * 1024;

/** What is known of how a job ended, and what its process said on stderr. */
export async function readJobEnd(
  dir: string,
  end: FollowedEnd,
  stopped: boolean,
): Promise<{ end: JobEnd; stderr: string }> {
  const text = await readTail(jobPaths(dir).stderr, STDERR_TAIL_BYTES);
  return {
    end: {
      code: end.exit?.code ?? null,
      signal: end.exit?.signal ?? null,
      stopped,
      reason: await whyNot(dir, end, text),
    },
    stderr: meaningOfStderr(text),
  };
}

/** The reason in words, when there is one besides the process having ended. */
async function whyNot(dir: string, { exit, claim }: FollowedEnd, stderr: string): Promise<string | null> {
  if (exit !== null) {
    if (exit.error !== null) return exit.error;
    return exit.signal === null && exit.code !== 0 ? reasonOfStderr(stderr) : null;
  }
  if (claim === null) return "the job's files are gone from the host";
  if ("given_up" in claim) {
    const complaint = reasonOfStderr((await readIfThere(jobPaths(dir).log)) ?? "");
    return complaint === null ? "it was never started" : `it was never started: ${complaint}`;
  }
  return null;
}

async function readTail(path: string, bytes: number): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead).toString("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return ""; // it never wrote any, or its files are gone
    throw error;
  }
}
