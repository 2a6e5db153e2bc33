import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { CommandId, SessionId } from "../../../protocol/ids.ts";
import { Exit } from "../../../protocol/session.ts";
import { hasCode, readIfThere, writeDurably } from "../../agents/codex/durableFiles.ts";
import { jobPaths } from "../../agents/codex/jobFiles.ts";

/** A background command, as its supervisor and every later daemon know it. Its other files are those of a job. */
export const CommandSpec = z.object({
  id: CommandId,
  session: SessionId,
  argv: z.tuple([z.string()]).rest(z.string()),
  summary: z.string(),
  /** Whether it goes on when its session is deleted. */
  keep: z.boolean(),
  timeout_ms: z.number().nullable(),
  started_at: z.number(),
});
export type CommandSpec = z.infer<typeof CommandSpec>;

/** Where the files of a background command are. */
export function commandDir(stateDir: string, session: string, id: string): string {
  return join(stateDir, "background", session, id);
}

/** Makes a command's files; its supervisor finds what it needs. */
export async function createCommandFiles(dir: string, spec: CommandSpec): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(jobPaths(dir).stdout, "", { mode: 0o600 });
  await writeDurably(jobPaths(dir).spec, JSON.stringify(spec));
}

/** The specification; null when there is none that can be read. */
export async function readCommandSpec(dir: string): Promise<CommandSpec | null> {
  const text = await readIfThere(jobPaths(dir).spec);
  try {
    const parsed = CommandSpec.safeParse(JSON.parse(text ?? "null"));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON: somebody else's doing
  }
}

/** Notes how it ended, once the edge is sure to hear of it. */
export function writeTold(dir: string, exit: Exit): Promise<void> {
  return writeDurably(join(dir, "told.json"), JSON.stringify(exit));
}

/** How it ended, when that was told. */
export async function readTold(dir: string): Promise<Exit | null> {
  const text = await readIfThere(join(dir, "told.json"));
  return text === null ? null : Exit.parse(JSON.parse(text));
}

/** The directories of all background commands of a session, or of all sessions. */
export async function listCommandDirs(stateDir: string, session?: string): Promise<string[]> {
  const root = join(stateDir, "background");
  const sessions = session === undefined ? await namesIn(root, SessionId) : [session];
  const found = await Promise.all(
    sessions.map(async (each) =>
      (await namesIn(join(root, each), CommandId)).map((id) => commandDir(stateDir, each, id)),
    ),
  );
  return found.flat();
}

async function namesIn(dir: string, schema: z.ZodType): Promise<string[]> {
  try {
    return (await readdir(dir)).filter((name) => schema.safeParse(name).success);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return [];
    throw error;
  }
}
