import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { SessionId } from "../../../protocol/ids.ts";
import { hasCode, readIfThere } from "./durableFiles.ts";
import { jobPaths, readSpec } from "./jobFiles.ts";
import type { JobSpec } from "./jobFiles.ts";
import type { JobKey } from "./jobStore.ts";
import { createJobLines } from "./splitLines.ts";
import { startTurn, translateLine } from "./translate.ts";
import type { TurnState } from "./translate.ts";

/** The jobs that have files, whether the store knows them or not. */
export async function listJobFiles(stateDir: string): Promise<(JobKey & { dir: string })[]> {
  const root = join(stateDir, "jobs");
  const sessions = (await namesIn(root)).filter((name) => SessionId.safeParse(name).success);
  const found = await Promise.all(
    sessions.map(async (session) =>
      (await namesIn(join(root, session)))
        .filter((name) => /^[1-9]\d{0,8}$/.test(name))
        .map((name) => ({ session, turn: Number(name), dir: join(root, session, name) })),
    ),
  );
  return found.flat();
}

export type Recovered = { spec: JobSpec; prompt: string; state: TurnState; readTo: number };

/**
 * What can be known of a job that the store has forgotten: its output up to now is read for the state alone, since
 * nobody knows which of its events the edge has. Null when its files do not say what it is.
 */
export async function recoverJob(dir: string): Promise<Recovered | null> {
  const spec = await readSpec(dir).catch(() => null); // not ours, or torn: nothing can be said of it
  if (spec === null || String(spec.turn) !== basename(dir)) return null;
  const prompt = (await readIfThere(jobPaths(dir).prompt)) ?? "";
  let state: TurnState = { ...startTurn({ turn: spec.turn, prompt, resume: null }).state, total: null };
  const splitter = createJobLines();
  let position = 0;
  try {
    for await (const chunk of createReadStream(jobPaths(dir).stdout)) {
      const bytes = Buffer.from(chunk);
      position += bytes.length;
      for (const line of splitter.push(bytes)) state = translateLine(state, line.text, line.cut).state;
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error; // it has not written anything
  }
  return { spec, prompt, state, readTo: position - splitter.pending() };
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return [];
    throw error;
  }
}
