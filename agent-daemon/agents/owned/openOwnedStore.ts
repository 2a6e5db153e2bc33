import * as z from "zod";
import { AgentEffort, OwnedAgent } from "../../../protocol/commands.ts";
import { SessionStatus, Worktree } from "../../../protocol/session.ts";
import type { Store } from "../../store.ts";
import { AgentState } from "./adapter.ts";
import type { Input } from "./keeper/keeperFiles.ts";

/** A session whose agent the daemon runs, as it remembers it. */
export const OwnedSession = z.object({
  session: z.string(),
  agent: OwnedAgent,
  program: z.string().nullable(),
  title: z.string(),
  cwd: z.string(),
  worktree: Worktree.nullable(),
  model: z.string().nullable(),
  mode: z.string().nullable(),
  effort: AgentEffort.nullable().default(null),
  agentType: z.string().nullable().default(null),
  /** The conversation that it began with. */
  origin: z.object({ thread: z.string(), fork: z.boolean() }).nullable(),
  /** The adapter's, of the newest process; null before the first. */
  state: z.looseObject(AgentState.shape).nullable(),
  /** Counts its processes. */
  run: z.number().int(),
  /** A process is there, or is being started. */
  alive: z.boolean(),
  /** This process has taken a prompt. */
  took: z.boolean(),
  /** Somebody ended it. */
  stopped: z.boolean(),
  /** It ends because its record has become long, and goes on with the next prompt. */
  leaving: z.boolean().default(false),
  /** Bytes of its output whose events are in the journal. */
  readTo: z.number().int(),
  /** Number of the last line for its stdin. */
  input: z.number().int(),
  /** As the edge was told last. */
  status: SessionStatus,
  preview: z.string().nullable(),
});
export type OwnedSession = z.infer<typeof OwnedSession>;

export type WaitingPrompt = { id: string; text: string };

export type OwnedStore = ReturnType<typeof openOwnedStore>;

/** Commands that were carried out are remembered this long. */
const KEEP_COMMANDS_MS = 31 * 24 * 60 * 60 * 1000;

/** Opens the part's tables: sessions, what is still to be given to agents, and which commands were carried out. */
export function openOwnedStore({ db }: Store) {
  db.exec(`
    CREATE TABLE IF NOT EXISTS owned_sessions (
      session TEXT PRIMARY KEY,
      json TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS owned_inputs (
      session TEXT NOT NULL,
      n INTEGER NOT NULL,
      line TEXT NOT NULL,
      request TEXT,
      PRIMARY KEY (session, n)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS owned_prompts (
      position INTEGER PRIMARY KEY,
      session TEXT NOT NULL,
      id TEXT NOT NULL,
      text TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS owned_commands (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `);
  const sql = {
    session: db.prepare("SELECT json FROM owned_sessions WHERE session = ?"),
    sessions: db.prepare("SELECT json FROM owned_sessions"),
    put: db.prepare("INSERT OR REPLACE INTO owned_sessions VALUES (?, ?)"),
    addInput: db.prepare("INSERT INTO owned_inputs VALUES (?, ?, ?, ?)"),
    inputs: db.prepare("SELECT n, line FROM owned_inputs WHERE session = ? ORDER BY n"),
    decided: db.prepare(
      "SELECT request FROM owned_inputs WHERE session = ? AND n <= ? AND request IS NOT NULL",
    ),
    given: db.prepare("DELETE FROM owned_inputs WHERE session = ? AND n <= ?"),
    dropInputs: db.prepare("DELETE FROM owned_inputs WHERE session = ?"),
    addPrompt: db.prepare("INSERT INTO owned_prompts (session, id, text) VALUES (?, ?, ?)"),
    prompts: db.prepare("SELECT id, text FROM owned_prompts WHERE session = ? ORDER BY position"),
    dropPrompt: db.prepare("DELETE FROM owned_prompts WHERE session = ? AND id = ?"),
    command: db.prepare("SELECT 1 FROM owned_commands WHERE id = ?"),
    addCommand: db.prepare("INSERT OR IGNORE INTO owned_commands VALUES (?, ?)"),
    pruneCommands: db.prepare("DELETE FROM owned_commands WHERE at < ?"),
  };
  const Json = z.object({ json: z.string() });
  const Line = z.object({ n: z.number(), line: z.string() });
  const Prompt = z.object({ id: z.string(), text: z.string() });
  const Decided = z.object({ request: z.string() });
  const read = (row: unknown): OwnedSession => OwnedSession.parse(JSON.parse(Json.parse(row).json));
  return {
    session(id: string): OwnedSession | null {
      const row = sql.session.get(id);
      return row === undefined ? null : read(row);
    },
    sessions: (): OwnedSession[] => sql.sessions.all().map(read),
    put: (row: OwnedSession): void => void sql.put.run(row.session, JSON.stringify(row)),
    /** A line for the agent; `request`: the one that it decides. */
    addInput: (session: string, { n, line }: Input, request: string | null): void =>
      void sql.addInput.run(session, n, line, request),
    /** What the agent is not known to have been given. */
    inputs: (session: string): Input[] => sql.inputs.all(session).map((row) => Line.parse(row)),
    /** The requests that were decided with the lines up to this one. */
    decidedBy: (session: string, n: number): string[] =>
      sql.decided.all(session, n).map((row) => Decided.parse(row).request),
    /** The agent was given all up to this one. */
    given: (session: string, n: number): void => void sql.given.run(session, n),
    dropInputs: (session: string): void => void sql.dropInputs.run(session),
    addPrompt: (session: string, { id, text }: WaitingPrompt): void =>
      void sql.addPrompt.run(session, id, text),
    /** The prompts that wait, oldest first. */
    prompts: (session: string): WaitingPrompt[] => sql.prompts.all(session).map((row) => Prompt.parse(row)),
    dropPrompt: (session: string, id: string): void => void sql.dropPrompt.run(session, id),
    /** Whether a command was carried out: it does nothing again. */
    isDone: (command: string): boolean => sql.command.get(command) !== undefined,
    setDone(command: string, now: number): void {
      sql.addCommand.run(command, now);
      sql.pruneCommands.run(now - KEEP_COMMANDS_MS);
    },
  };
}
