import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { readIfThere, writeDurably } from "../../codex/durableFiles.ts";
import { jobPaths, removeJobFiles } from "../../codex/jobFiles.ts";

/** What a keeper runs. */
export const KeeperSpec = z.object({
  argv: z.tuple([z.string()]).rest(z.string()),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
});
export type KeeperSpec = z.infer<typeof KeeperSpec>;

/** A line for the agent's stdin. A number that comes again is the same line. */
export const Input = z.object({ n: z.number().int(), line: z.string() });
export type Input = z.infer<typeof Input>;

/** Where the files of one process of an agent are: those of a job, and what is to be written to its stdin. */
export function keeperPaths(dir: string) {
  return { ...jobPaths(dir), input: join(dir, "stdin") };
}

/** The directory of one process of a session's agent. */
export function keeperDir(stateDir: string, session: string, run: number): string {
  return join(stateDir, "owned", session, String(run));
}

/** Makes a process's directory anew, with what its keeper needs. */
export async function createKeeperFiles(dir: string, spec: KeeperSpec): Promise<void> {
  const paths = keeperPaths(dir);
  await removeJobFiles(dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const path of [paths.stdout, paths.stderr, paths.input]) await writeFile(path, "", { mode: 0o600 });
  await writeDurably(paths.spec, JSON.stringify(spec));
}

/** Throws when there is no readable specification. */
export async function readKeeperSpec(dir: string): Promise<KeeperSpec> {
  return KeeperSpec.parse(JSON.parse((await readIfThere(keeperPaths(dir).spec)) ?? "null"));
}

/** Hands lines to the keeper. What was handed to it before may come again. */
export async function appendInputs(dir: string, inputs: Input[]): Promise<void> {
  // Begins on a line of its own, after whatever a process that died has left.
  const text = inputs.map((input) => `\n${JSON.stringify(input)}\n`).join("");
  await appendFile(keeperPaths(dir).input, text, { mode: 0o600 });
}

/** What a keeper writes down: what the agent said (`<`), or that an input was given to it (`>` and its number), and when. */
export type Recorded = { at: number } & ({ said: string } | { given: number });

/** Reads a line that a keeper wrote; null when it is none. */
export function readRecorded(line: string): Recorded | null {
  const [, at, kind, rest = ""] = /^(\d+) ([<>])(.*)$/s.exec(line) ?? [];
  if (kind === undefined) return null;
  return kind === "<" ? { at: Number(at), said: rest } : { at: Number(at), given: Number(rest) };
}
