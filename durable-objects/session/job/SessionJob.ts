import { eq } from "drizzle-orm";
import type { EventBody } from "../../../protocol/events.ts";
import type { JobTokens } from "../../../protocol/jobTokens.ts";
import { MAX_JOB_TEXT, type JobEnd, type JobNotice } from "../../../protocol/jobs.ts";
import { isEnded, isInteractive, type Session } from "../../../protocol/session.ts";
import type { Database } from "../../shared/database.ts";
import type { EventLog } from "../EventLog.ts";
import { children, jobs } from "../schema.ts";
import type { Events } from "../SessionStore.ts";
import { type RoundEnd, sumUpRound } from "./sumUpRound.ts";

type Row = typeof jobs.$inferSelect;

/** When the alarm tells an owner that was not told at once. */
const TELL_AGAIN_MS = 5_000;
/** Longest text that is kept of a job. */
const KEPT_CHARS = 512 * 1024;

type Parts = {
  db: Database;
  log: EventLog;
  /** A chat's turn runs, or messages wait for one. */
  isBusy: () => boolean;
  /** Tokens of a chat's turns, also of those that did not complete. */
  tokensOf: (turns: number[]) => JobTokens;
  /** Keeps a long text, and names the blob. The same round again is the same blob. */
  keepText: (notice: JobNotice, text: string) => Promise<string>;
  /** Resolves when the owner has taken it, or will never. */
  tellOwner: (notice: JobNotice) => Promise<void>;
  /** Has the host end an agent that began with this command, and take away a worktree that holds nothing. */
  endAgent: (asked: string) => void;
  /** Arms the alarm that calls `tell`; part of the caller's transaction. */
  tellAt: (at: number) => void;
};

/**
 * What something else asked of this session, and that it is told how it ended: noted in the transaction that ends it,
 * told until the owner has taken it. Without an owner nothing of this is written.
 */
export class SessionJob {
  readonly #parts: Parts;
  #telling: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The session is made for an owner, to be asked by this message or command. */
  begin(asked: string): void {
    this.#parts.db.insert(jobs).values({ id: 1, round: 1, asked }).onConflictDoNothing().run();
  }

  /** Begins another round, when the one before it has ended; the same one again changes nothing. */
  again(round: number, asked: string): void {
    const row = this.#row();
    if (row === null || row.notice === null || row.round !== round - 1) return;
    this.#set({ round, asked, began_at: null, cancelled_by: null, notice: null, told: 0 });
  }

  /** It is not over before it is told how this task ended. */
  await(task: string): void {
    this.#parts.db.insert(children).values({ task }).onConflictDoNothing().run();
  }

  /** It has been told. Inside a step. */
  childEnded(task: string): void {
    this.#parts.db.delete(children).where(eq(children.task, task)).run();
  }

  /** The message or command that is to begin the round; null once it has, or has ended. */
  unbegun(): string | null {
    const row = this.#row();
    return row === null || row.began_at !== null || row.notice !== null ? null : row.asked;
  }

  /** The message or command that the round began with, or is to; null without an owner. */
  get asked(): string | null {
    return this.#row()?.asked ?? null;
  }

  /** True once the round has ended. */
  get ended(): boolean {
    return (this.#row()?.notice ?? null) !== null;
  }

  /** Its owner wants it to end. False when it has. */
  cancel(by: string): boolean {
    const row = this.#row();
    if (row === null || row.notice !== null) return false;
    if (row.cancelled_by === null) this.#set({ cancelled_by: by });
    return true;
  }

  /** What follows for the job from events that are about to be written after `head`. Inside the step. */
  follow(session: Session, head: number, fresh: Events): Events {
    const row = session.job === undefined ? null : this.#row();
    if (row === null || row.notice !== null) return [];
    const began = row.began_at === null && fresh.some(({ event }) => begins(event, row.asked));
    if (began) this.#set({ began_at: head });
    const current = began ? { ...row, began_at: head } : row;
    if (!this.#isOver(session, current, fresh)) return [];
    const now = Date.now();
    const end = this.#endOf(session, current, fresh);
    this.#note(session, current, end, now);
    // A chat ends by that; an agent, which may be asked once more, when its owner has taken it.
    return session.provider === "edge" && !isEnded(session) ? [{ at: now, event: endedBy(end) }] : [];
  }

  /** The session is deleted: who waits for it is told so. Inside the deleting transaction. */
  deleted(session: Session): void {
    const row = session.job === undefined ? null : this.#row();
    if (row === null || row.notice !== null) return;
    const end = this.#endOf(session, row, []);
    this.#note(session, row, { ...end, outcome: "cancelled", error: "Its session was deleted." }, Date.now());
  }

  /** Tells the owner, when there is something to tell. Throws when it could not be told; the alarm tries again. */
  tell(): Promise<void> {
    this.#telling ??= this.#tell().finally(() => (this.#telling = null));
    return this.#telling;
  }

  async #tell(): Promise<void> {
    const row = this.#row();
    if (row === null || row.notice === null || row.told === 1) return;
    const noted: JobNotice = JSON.parse(row.notice);
    const { text } = noted.end;
    const notice: JobNotice =
      text.length <= MAX_JOB_TEXT
        ? noted
        : {
            ...noted,
            end: {
              ...noted.end,
              text: text.slice(0, MAX_JOB_TEXT),
              blob: await this.#parts.keepText(noted, text),
            },
          };
    await this.#parts.tellOwner(notice);
    const now = this.#row();
    if (now?.round !== row.round || now.told === 1) return; // it was asked once more
    this.#set({ told: 1, notice: JSON.stringify(notice) });
    this.#parts.endAgent(row.asked);
  }

  /** A chat's job is over when nothing runs or waits; an agent's when its process has ended, or could not be started. */
  #isOver(session: Session, row: Row, fresh: Events): boolean {
    if (row.began_at === null) return row.cancelled_by !== null;
    if (session.provider === "edge")
      return !this.#parts.isBusy() && (row.cancelled_by !== null || !this.#waits());
    if (fresh.some(({ event }) => event.type === "ended" || couldNotBegin(event, row.asked))) return true;
    if (session.provider === "codex" && !isInteractive(session)) return false;
    // One that is spoken to goes on living after its turn; one that died before it took a word has none.
    if (fresh.some(({ event }) => event.type === "status" && event.status === "trouble")) return true;
    const settled = session.status === "idle" || session.status === "trouble";
    return settled && this.#sumUp(row, fresh).turned;
  }

  #waits(): boolean {
    return this.#parts.db.select().from(children).limit(1).get() !== undefined;
  }

  #endOf(session: Session, row: Row, fresh: Events): JobEnd {
    const { turned: _turned, turns, ...end } = this.#sumUp(row, fresh);
    const tokens = session.provider === "edge" ? this.#parts.tokensOf(turns) : end.tokens;
    const text = end.text.slice(0, KEPT_CHARS);
    const { began_at, cancelled_by } = row;
    // It had not begun, or had said its last and waited for what it has handed on.
    if (cancelled_by !== null && (began_at === null || this.#waits()))
      return { outcome: "cancelled", text, blob: null, tokens, error: `Stopped by ${cancelled_by}.` };
    const { worktree } = session;
    const place = worktree === null ? {} : { worktree: { path: worktree.path, branch: worktree.branch } };
    return { ...end, ...place, text, blob: null, tokens };
  }

  /** What the round has come to, and which turns it had. */
  #sumUp({ asked, began_at, cancelled_by }: Row, fresh: Events): RoundEnd & { turns: number[] } {
    const turns: number[] = [];
    const { log } = this.#parts;
    function* events(): Generator<EventBody> {
      if (began_at === null) return;
      for (const { body } of log.after(began_at)) {
        const stored: EventBody[] = JSON.parse(`[${body}]`);
        yield* stored;
      }
      for (const { event } of fresh) yield event;
    }
    function* noted(): Generator<EventBody> {
      for (const event of events()) {
        if (event.type === "turn_started") turns.push(event.turn);
        yield event;
      }
    }
    return { ...sumUpRound(noted(), { asked, cancelled: cancelled_by !== null }), turns };
  }

  #note({ team, id, job }: Session, { round }: Row, end: JobEnd, now: number): void {
    if (job === undefined) return;
    const notice: JobNotice = { team, session: id, owner: job, round, end };
    this.#set({ notice: JSON.stringify(notice) });
    this.#parts.tellAt(now + TELL_AGAIN_MS);
  }

  #row(): Row | null {
    return this.#parts.db.select().from(jobs).get() ?? null;
  }

  #set(set: Partial<Omit<Row, "id">>): void {
    this.#parts.db.update(jobs).set(set).run();
  }
}

function begins(event: EventBody, asked: string): boolean {
  return (event.type === "queued" || event.type === "command") && event.id === asked;
}

function couldNotBegin(event: EventBody, asked: string): boolean {
  return event.type === "command_result" && event.id === asked && event.result.status !== "done";
}

function endedBy({ outcome, error }: JobEnd): EventBody {
  const exit = { code: null, signal: null, message: error };
  return { type: "ended", status: outcome === "failed" ? "trouble" : "done", exit };
}
