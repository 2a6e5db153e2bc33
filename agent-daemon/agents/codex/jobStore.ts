import * as z from "zod";
import { Usage } from "../../../protocol/events.ts";
import { Worktree } from "../../../protocol/session.ts";
import type { Store } from "../../store.ts";
import { TurnState } from "./translate.ts";

const Sandbox = z.enum(["read-only", "workspace-write", "danger-full-access"]);

/** A session that Codex drives, as the daemon remembers it from turn to turn. */
const SessionRow = z.object({
  session: z.string(),
  title: z.string(),
  cwd: z.string(),
  model: z.string().nullable(),
  sandbox: Sandbox.nullable(),
  worktree: fromJson(Worktree).nullable(),
  /** Codex's id of the conversation, for resuming it. */
  thread: z.string().nullable(),
  /** Turns begun so far. */
  turns: z.number().int(),
  preview: z.string().nullable(),
});
export type CodexSession = z.infer<typeof SessionRow>;

/** A job: one process of Codex, one turn. */
const JobRow = z.object({
  session: z.string(),
  turn: z.number().int(),
  /** The command that asked for it. */
  command: z.string(),
  ended: z.number().transform((flag) => flag === 1),
  /** Somebody asked it to stop. */
  stopped: z.number().transform((flag) => flag === 1),
  /** Its process, once known. */
  pid: z.number().int().nullable(),
  /** Bytes of its output whose events are in the journal. */
  read_to: z.number().int(),
  state: fromJson(TurnState),
});
export type CodexJob = z.infer<typeof JobRow>;

export type JobKey = { session: string; turn: number };

export type JobStore = {
  session(session: string): CodexSession | null;
  putSession(row: CodexSession): void;
  /** The sessions that have a worktree of their own, and those with a job that runs. */
  sessions(): CodexSession[];
  /** What is known of a thread's tokens. */
  threadTotal(thread: string): Usage | null;
  putThreadTotal(thread: string, total: Usage): void;
  job(session: string, turn: number): CodexJob | null;
  jobOfCommand(command: string): CodexJob | null;
  unended(): CodexJob[];
  addJob(job: CodexJob): void;
  /** Moves on from `from`; throws when somebody else did, so that the transaction around it is undone. */
  advance(job: JobKey, step: { from: number; to: number; state: TurnState; ended: boolean }): void;
  setStopped(job: JobKey): void;
  setPid(job: JobKey, pid: number): void;
};

/** The part's tables in the daemon's store. */
export function openJobStore(store: Store): JobStore {
  const { db } = store;
  db.exec(`
    CREATE TABLE IF NOT EXISTS codex_sessions (
      session TEXT PRIMARY KEY,
      title TEXT NOT NULL,
      cwd TEXT NOT NULL,
      model TEXT,
      sandbox TEXT,
      worktree TEXT,
      thread TEXT,
      turns INTEGER NOT NULL,
      preview TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS codex_threads (thread TEXT PRIMARY KEY, total TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS codex_jobs (
      session TEXT NOT NULL,
      turn INTEGER NOT NULL,
      command TEXT NOT NULL UNIQUE,
      ended INTEGER NOT NULL,
      stopped INTEGER NOT NULL,
      pid INTEGER,
      read_to INTEGER NOT NULL,
      state TEXT NOT NULL,
      PRIMARY KEY (session, turn)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS codex_jobs_unended ON codex_jobs (ended) WHERE ended = 0;
  `);
  const sql = {
    session: db.prepare("SELECT * FROM codex_sessions WHERE session = ?"),
    putSession: db.prepare("INSERT OR REPLACE INTO codex_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    sessions: db.prepare(
      "SELECT * FROM codex_sessions WHERE worktree IS NOT NULL OR session IN (SELECT session FROM codex_jobs WHERE ended = 0)",
    ),
    total: db.prepare("SELECT total FROM codex_threads WHERE thread = ?"),
    putTotal: db.prepare("INSERT OR REPLACE INTO codex_threads VALUES (?, ?)"),
    job: db.prepare("SELECT * FROM codex_jobs WHERE session = ? AND turn = ?"),
    byCommand: db.prepare("SELECT * FROM codex_jobs WHERE command = ?"),
    unended: db.prepare("SELECT * FROM codex_jobs WHERE ended = 0 ORDER BY session, turn"),
    addJob: db.prepare("INSERT INTO codex_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    advance: db.prepare(
      "UPDATE codex_jobs SET read_to = ?, state = ?, ended = ? WHERE session = ? AND turn = ? AND read_to = ? AND ended = 0",
    ),
    setStopped: db.prepare("UPDATE codex_jobs SET stopped = 1 WHERE session = ? AND turn = ?"),
    setPid: db.prepare("UPDATE codex_jobs SET pid = ? WHERE session = ? AND turn = ?"),
  };

  return {
    session: (session) => rowOrNull(SessionRow, sql.session.get(session)),
    sessions: () => sql.sessions.all().map((row) => SessionRow.parse(row)),
    putSession(row) {
      const worktree = row.worktree === null ? null : JSON.stringify(row.worktree);
      sql.putSession.run(
        row.session,
        row.title,
        row.cwd,
        row.model,
        row.sandbox,
        worktree,
        row.thread,
        row.turns,
        row.preview,
      );
    },
    threadTotal: (thread) =>
      rowOrNull(z.object({ total: fromJson(Usage) }), sql.total.get(thread))?.total ?? null,
    putThreadTotal: (thread, total) => void sql.putTotal.run(thread, JSON.stringify(total)),
    job: (session, turn) => rowOrNull(JobRow, sql.job.get(session, turn)),
    jobOfCommand: (command) => rowOrNull(JobRow, sql.byCommand.get(command)),
    unended: () => sql.unended.all().map((row) => JobRow.parse(row)),
    addJob(job) {
      const { session, turn, command, pid, read_to, state } = job;
      const flags = [job.ended ? 1 : 0, job.stopped ? 1 : 0] as const;
      sql.addJob.run(session, turn, command, ...flags, pid, read_to, JSON.stringify(state));
    },
    advance(job, { from, to, state, ended }) {
      const done = sql.advance.run(to, JSON.stringify(state), ended ? 1 : 0, job.session, job.turn, from);
      if (done.changes !== 1) throw new Error(`somebody else follows turn ${job.turn} of ${job.session}`);
    },
    setStopped: (job) => void sql.setStopped.run(job.session, job.turn),
    setPid: (job, pid) => void sql.setPid.run(pid, job.session, job.turn),
  };
}

function rowOrNull<T extends z.ZodType>(schema: T, row: unknown): z.infer<T> | null {
  return row === undefined ? null : schema.parse(row);
}

function fromJson<T extends z.ZodType>(schema: T) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.issues.push({ code: "custom", message: "not JSON", input: text });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
