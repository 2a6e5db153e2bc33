import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { TalkingAgent } from "../../../protocol/conversations.ts";

/** A file in which an agent has kept a conversation. */
export type Transcript = { agent: TalkingAgent; id: string; path: string; at: number; bytes: number };

/** Files that are looked at, at most; beyond them some conversations are not found. */
const MOST = 20_000;
const AT_ONCE = 32;
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/** Claude names a file after its conversation; its subagents have files of other names. */
const CLAUDE_FILE = new RegExp(`^(${UUID})\\.jsonl$`);
const CODEX_FILE = new RegExp(`^rollout-.*-(${UUID})\\.jsonl$`);

/** Every conversation that agents have kept on this machine, the last written to first. Nothing is read of them. */
export async function findTranscripts(env: NodeJS.ProcessEnv): Promise<Transcript[]> {
  const home = env.HOME ?? homedir();
  const claude = join(env.CLAUDE_CONFIG_DIR ?? join(home, ".claude"), "projects");
  const codex = join(env.CODEX_HOME ?? join(home, ".codex"), "sessions");
  const found = [
    ...(await namesIn(claude, 1, CLAUDE_FILE)).map((each) => ({ ...each, agent: "claude" as const })),
    // Year, month, day.
    ...(await namesIn(codex, 3, CODEX_FILE)).map((each) => ({ ...each, agent: "codex" as const })),
  ].slice(0, MOST);
  const all = await inTurns(found, AT_ONCE, async (each) => {
    const facts = await stat(each.path).catch(() => null); // gone since
    return facts === null ? null : { ...each, at: Math.round(facts.mtimeMs), bytes: facts.size };
  });
  return all.filter((each) => each !== null).sort((a, b) => b.at - a.at || (a.path < b.path ? -1 : 1));
}

/** The files of that name so deep below a directory. */
async function namesIn(root: string, depth: number, name: RegExp): Promise<{ id: string; path: string }[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((): Dirent[] => []); // none are kept there
  if (depth > 0) {
    const below = await inTurns(
      entries.filter((entry) => entry.isDirectory()),
      AT_ONCE,
      (entry) => namesIn(join(root, entry.name), depth - 1, name),
    );
    return below.flat();
  }
  return entries.flatMap((entry) => {
    const id = entry.isFile() ? name.exec(entry.name)?.[1] : undefined;
    return id === undefined ? [] : [{ id, path: join(root, entry.name) }];
  });
}

/** Does something with each, so many at once; the results in order. */
export async function inTurns<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item !== undefined) results[at] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
}
