import { readdirSync, readFileSync, statSync, watch, type FSWatcher } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

/** What Claude Code writes about each of its sessions; only what is used here. */
const RegistryEntry = z.looseObject({
  pid: z.number().int(),
  sessionId: z.string().max(200).optional(),
  /** `<tmux session>:@<window>.%<pane>` */
  tmux: z.string().max(500).optional(),
  status: z.enum(["idle", "busy", "waiting"]).optional().catch(undefined),
  waitingFor: z.string().max(200).optional().catch(undefined),
  /** Milliseconds since 1970. */
  statusUpdatedAt: z.number().optional().catch(undefined),
});
export type ClaudeSession = z.infer<typeof RegistryEntry>;

/** The pane that an entry names, whatever its session is called. */
export function paneOfEntry(entry: ClaudeSession): string | null {
  return /\.(%\d+)$/.exec(entry.tmux ?? "")?.[1] ?? null;
}

export type ClaudeRegistry = {
  /** The sessions of Claude Code processes that say they run in this pane; its socket is not told, so check the pid. */
  inPane(pane: string): ClaudeSession[];
  /** Reads what has changed. */
  refresh(): void;
  stop(): void;
};

const MAX_FILE_BYTES = 64 * 1024;

/** Follows Claude Code's session registry. A directory that is missing or unreadable is an empty one. */
export function followClaudeRegistry(env: NodeJS.ProcessEnv, onChange: () => void): ClaudeRegistry {
  const root = env.CLAUDE_CONFIG_DIR ?? join(env.HOME ?? homedir(), ".claude");
  const directory = join(root, "sessions");
  const files = new Map<string, { stamp: string; entry: ClaudeSession | null }>();
  let watcher: FSWatcher | null = null;
  let soon: NodeJS.Timeout | undefined;

  const refresh = () => {
    let names: string[] = [];
    try {
      names = readdirSync(directory).filter((name) => /^\d+\.json$/.test(name));
    } catch {
      // not there (yet): nothing runs
    }
    for (const name of files.keys()) if (!names.includes(name)) files.delete(name);
    for (const name of names) {
      const path = join(directory, name);
      try {
        const stat = statSync(path);
        const stamp = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
        if (files.get(name)?.stamp === stamp) continue;
        // A file caught in the middle of a write says nothing; what it said before holds until it is written.
        const before = files.get(name)?.entry ?? null;
        files.set(name, { stamp, entry: stat.size > MAX_FILE_BYTES ? null : (readEntry(path) ?? before) });
      } catch {
        files.delete(name); // gone since it was listed
      }
    }
    if (names.length > 0) startWatching();
  };

  const startWatching = () => {
    if (watcher !== null) return;
    try {
      watcher = watch(directory, { persistent: false }, () => {
        clearTimeout(soon);
        soon = setTimeout(onChange, 30);
        soon.unref();
      });
      watcher.on("error", () => {
        watcher?.close();
        watcher = null; // the next refresh tries again
      });
    } catch {
      // no watches left: the poll sees changes too, only later
    }
  };

  refresh();
  return {
    inPane: (pane) =>
      [...files.values()].flatMap(({ entry }) =>
        entry !== null && paneOfEntry(entry) === pane ? [entry] : [],
      ),
    refresh,
    stop() {
      clearTimeout(soon);
      watcher?.close();
    },
  };
}

function readEntry(path: string): ClaudeSession | null {
  try {
    const parsed = RegistryEntry.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON (yet), or gone
  }
}
