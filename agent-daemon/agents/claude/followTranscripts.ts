import { readdirSync, statSync, watch, type FSWatcher } from "node:fs";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { EventBody } from "../../../protocol/events.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import type { Log, Outlet } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { fitEvent } from "../codex/fitEvent.ts";
import { createJobLines } from "../codex/splitLines.ts";
import {
  type DecidedCall,
  freshTranscript,
  giveUpTurn,
  TranscriptState,
  translateTranscript,
} from "./translate.ts";

/** A conversation that runs in a session's pane. */
export type Conversation = {
  session: string;
  thread: string;
  /** Since when Claude says of itself that it is idle; null while it works or waits. */
  idleSince: number | null;
};

/** Of a conversation that began before it was seen, this much of its end is read. */
const FIRST_READ_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** How often files are looked at, in case a change was not announced, or the journal was full. */
const POLL_MS = 1_000;
/** A turn that its transcript does not end is over when Claude has been idle, and silent, for this long. */
const SETTLED_MS = 5_000;
/** Claude writes the last of a conversation when it has begun the next (`/clear`): for so long what it left is read. */
const LEAVE_MS = 10_000;

const Row = z.object({ offset: z.number(), state: z.string() });

type Of = Pick<Conversation, "session" | "thread">;
type Following = Conversation & {
  path: string;
  watcher: FSWatcher | null;
  reading: Promise<void> | null;
  leftAt: number | null;
};

/** Follows the transcripts of the conversations that run in panes, and tells what is said in them. */
export function followTranscripts(deps: {
  env: NodeJS.ProcessEnv;
  store: Store;
  outlet: Outlet;
  log: Log;
  /** What follows from the calls that were decided: what to tell, and what to do in the step that tells it. */
  decided: (thread: string, calls: DecidedCall[]) => { messages: DaemonMessage[]; also: () => void };
  now?: () => number;
}) {
  const { env, store, outlet, log, decided, now = Date.now } = deps;
  const projects = join(env.CLAUDE_CONFIG_DIR ?? join(env.HOME ?? homedir(), ".claude"), "projects");
  store.db.exec(`
    CREATE TABLE IF NOT EXISTS claude_transcripts (
      session TEXT NOT NULL,
      thread TEXT NOT NULL,
      offset INTEGER NOT NULL,
      state TEXT NOT NULL,
      seen_at INTEGER NOT NULL,
      PRIMARY KEY (session, thread)
    ) STRICT;
  `);
  const read = store.db.prepare(
    "SELECT offset, state FROM claude_transcripts WHERE session = ? AND thread = ?",
  );
  const states = store.db.prepare("SELECT offset, state FROM claude_transcripts WHERE session = ?");
  const save = store.db.prepare("INSERT OR REPLACE INTO claude_transcripts VALUES (?, ?, ?, ?, ?)");
  const following = new Map<string, Following>();
  const stopping = new AbortController();

  /** Where to go on; a conversation that is new here begins near its end, at the turn after the session's last one. */
  function resume({ session, thread }: Of, size: number) {
    const row = read.get(session, thread);
    if (row !== undefined) {
      const { offset, state } = Row.parse(row);
      return { offset, state: TranscriptState.parse(JSON.parse(state)), skipFirst: false };
    }
    const turns = states
      .all(session)
      .map((each) => TranscriptState.parse(JSON.parse(Row.parse(each).state)).turn);
    const offset = Math.max(0, size - FIRST_READ_BYTES);
    return { offset, state: freshTranscript(Math.max(0, ...turns)), skipFirst: offset > 0 };
  }

  async function readOn(each: Following): Promise<void> {
    const file = await open(each.path, "r").catch(() => null); // not written yet, or gone
    if (file === null) return;
    try {
      const { size } = await file.stat();
      let { offset, state, skipFirst } = resume(each, size);
      if (size < offset)
        ({ offset, state, skipFirst } = { offset: 0, state: freshTranscript(state.turn), skipFirst: false });
      const lines = createJobLines();
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let position = offset; !stopping.signal.aborted;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        const events: EventBody[] = [];
        const calls: DecidedCall[] = [];
        for (const { text, bytes, cut } of lines.push(buffer.subarray(0, bytesRead))) {
          offset += bytes;
          if (skipFirst || cut > 0) {
            skipFirst = false; // half a line, or one too long to be held
            continue;
          }
          const step = translateTranscript(text, state, each.thread);
          events.push(...step.events.map(fitEvent));
          calls.push(...step.decided);
          state = step.state;
        }
        if (!put(each, { events, calls }, offset, state)) return; // full: read again later from where we were
      }
      if (!state.running || each.idleSince === null || stopping.signal.aborted) return;
      const { mtimeMs } = await file.stat();
      if (now() - Math.max(each.idleSince, mtimeMs) < SETTLED_MS) return;
      const over = giveUpTurn(state);
      put(each, { events: over.events, calls: [] }, offset, over.state);
    } finally {
      await file.close();
    }
  }

  function put(
    { session, thread }: Of,
    { events, calls }: { events: EventBody[]; calls: DecidedCall[] },
    offset: number,
    state: TranscriptState,
  ): boolean {
    const at = now();
    const follows = decided(thread, calls);
    const also = () => {
      save.run(session, thread, offset, JSON.stringify(state), at);
      follows.also();
    };
    const messages = [...follows.messages];
    if (events.length > 0)
      messages.unshift({ kind: "events", session, events: events.map((event) => ({ at, event })) });
    if (messages.length > 0) return outlet.put(messages, also);
    store.transaction(also);
    return true;
  }

  function wake(each: Following): void {
    each.reading ??= readOn(each)
      .catch((error: unknown) =>
        log("warn", "A transcript cannot be read.", { path: each.path, error: String(error) }),
      )
      .finally(() => {
        each.reading = null;
      });
  }

  function find(thread: string): string | null {
    try {
      for (const name of readdirSync(projects)) {
        const path = join(projects, name, `${thread}.jsonl`);
        if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
      }
    } catch {
      // no projects yet
    }
    return null;
  }

  function start(conversation: Conversation, key: string): void {
    const path = find(conversation.thread);
    if (path === null) return; // nothing was said yet
    const each: Following = { ...conversation, path, watcher: null, reading: null, leftAt: null };
    try {
      each.watcher = watch(path, { persistent: false }, () => wake(each));
      each.watcher.on("error", () => each.watcher?.close());
    } catch {
      // no watches left: the poll sees changes too, only later
    }
    following.set(key, each);
    wake(each);
  }

  function look(): void {
    for (const [key, each] of following) {
      wake(each);
      if (each.leftAt === null || now() - each.leftAt < LEAVE_MS) continue;
      each.watcher?.close();
      following.delete(key);
    }
  }

  const timer = setInterval(look, POLL_MS);
  return {
    /** What runs now; what no longer does is read to its end, and left after a while. */
    follow(conversations: Conversation[]): void {
      const wanted = new Map(conversations.map((each) => [`${each.session} ${each.thread}`, each]));
      for (const [key, each] of following) {
        if (wanted.has(key)) each.leftAt = null;
        else each.leftAt ??= now();
      }
      for (const [key, each] of wanted) {
        const known = following.get(key);
        if (known === undefined) start(each, key);
        else known.idleSince = each.idleSince;
      }
    },
    async stop(): Promise<void> {
      stopping.abort();
      clearInterval(timer);
      for (const { watcher } of following.values()) watcher?.close();
      await Promise.all([...following.values()].map(({ reading }) => reading));
    },
  };
}
