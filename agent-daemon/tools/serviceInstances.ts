import { readFile, stat } from "node:fs/promises";
import { identify } from "../system/processIdentity.ts";
import type { ProcessIdentity } from "../system/processIdentity.ts";
import { explainRun, run } from "../run.ts";

/** One running instance: the line that tells of it, and its process where the line begins with a number. */
export type Instance = { line: string; process: ProcessIdentity | null };
export type Instances = { ok: true; list: Instance[] } | { ok: false; message: string };

const TIMEOUT_MS = 10_000;

/** Asks which instances of a service run now. */
export async function serviceInstances(
  argv: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<Instances> {
  const result = await run({ argv, env, timeoutMs: TIMEOUT_MS, cwd: "/" });
  const text = result.stdout.toString("utf8").trim();
  // pgrep's way to say that there is none: code 1, and not a word.
  const none = result.status === "exited" && result.code === 1 && text === "" && result.stderr.length === 0;
  if (!none && (result.status !== "exited" || result.code !== 0)) {
    return { ok: false, message: explainRun(argv[0], result) };
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const list = await Promise.all(
    lines.map(async (line): Promise<Instance[]> => {
      const pid = /^\s*(\d{1,9})\b/.exec(line)?.[1];
      if (pid === undefined) return [{ line, process: null }];
      const process = await identify(Number(pid));
      // It ended while we were asking.
      return process === null ? [] : [{ line, process }];
    }),
  );
  return { ok: true, list: list.flat() };
}

/** Says what a process is: its number, its owner, what it runs. */
export async function describeProcess(pid: number): Promise<string> {
  const [owner, command] = await Promise.all([ownerOf(pid), commandOf(pid)]);
  return `process ${pid} of ${owner ?? "an unknown user"}${command === null ? "" : ` (${command})`}`;
}

async function ownerOf(pid: number): Promise<string | null> {
  const asked = await run({ argv: ["ps", "-o", "user=", "-p", String(pid)], timeoutMs: 5_000 });
  const name = asked.stdout.toString("utf8").trim();
  if (asked.status === "exited" && asked.code === 0 && name !== "") return name;
  try {
    return `user ${(await stat(`/proc/${pid}`)).uid}`;
  } catch {
    return null; // it has ended, or there is no /proc
  }
}

async function commandOf(pid: number): Promise<string | null> {
  try {
    const text = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
    if (text !== "") return text.slice(0, 200);
  } catch {
    // Not Linux, or it has ended: ps may know.
  }
  const asked = await run({ argv: ["ps", "-o", "args=", "-p", String(pid)], timeoutMs: 5_000 });
  const text = asked.stdout.toString("utf8").trim();
  return text === "" ? null : text.slice(0, 200);
}
