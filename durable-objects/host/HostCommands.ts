import { and, asc, count, eq, lte, min, or, sql } from "drizzle-orm";
import type { Command, CommandResult } from "../../protocol/commands.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { Database } from "../shared/database.ts";
import { nextPosition } from "../shared/nextPosition.ts";
import { commands } from "./schema.ts";

/** Commands, and characters of them, that wait for one host at most: all of them are sent when it comes back. */
export const MOST_WAITING = 1_000;
export const MOST_WAITING_CHARS = 16 * 1024 * 1024;
/** How long a command that was taken back is remembered: a copy of it may still be on its way here. */
const TAKEN_BACK_MS = 60_000;

/** Everything but what was taken back before it was sent; that is kept for a while so that it is not taken in again. */
const wanted = or(eq(commands.sent, 1), eq(commands.cancelled, 0));

export type Enqueued = { id: string; session: string; command: Command; expires_at: number };

/**
 * The commands of a host without a result, in order. A command that was never handed to a socket can be expired
 * or cancelled here; once it was, only the daemon knows what became of it.
 */
export class HostCommands {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get count(): number {
    return this.#db.select({ n: count() }).from(commands).where(wanted).get()?.n ?? 0;
  }

  /** Stores a command, noted as sent when it will be at once; `known` when it is there already, or its result when it will not be sent. */
  add({ id, session, command, expires_at }: Enqueued, sent: boolean): "added" | "known" | CommandResult {
    const known = this.#db.select().from(commands).where(eq(commands.id, id)).get();
    if (known !== undefined) {
      if (known.session !== session) return ID_IN_USE;
      return known.sent === 0 && known.cancelled === 1 ? { status: "cancelled" } : "known";
    }
    const json = JSON.stringify(command);
    const waiting = this.#db
      .select({ n: count(), chars: sql<number>`coalesce(sum(length(${commands.json})), 0)` })
      .from(commands)
      .get() ?? { n: 0, chars: 0 };
    if (waiting.n >= MOST_WAITING || waiting.chars + json.length > MOST_WAITING_CHARS) return TOO_MANY;
    this.#db
      .insert(commands)
      .values({
        id,
        position: nextPosition(commands.position),
        session,
        json,
        expires_at,
        sent: sent ? 1 : 0,
      })
      .run();
    return "added";
  }

  /** The frames that bring a daemon up to date: every command without a result, and what is cancelled. */
  frames(now: number): LinkServerFrame[] {
    const rows = this.#db.select().from(commands).where(wanted).orderBy(asc(commands.position)).all();
    return rows.flatMap((row): LinkServerFrame[] => {
      const cancel = { type: "cancel", id: row.id, session: row.session } as const;
      // As it was stored: a daemon refuses what it cannot read, and no old command keeps the link from opening.
      const command: Command = JSON.parse(row.json);
      const send = commandFrame({ ...row, command }, now);
      return row.cancelled ? [cancel, send] : [send];
    });
  }

  /** Notes that everything may have reached a daemon. */
  markSent(): void {
    this.#db
      .update(commands)
      .set({ sent: 1 })
      .where(and(eq(commands.sent, 0), eq(commands.cancelled, 0)))
      .run();
  }

  /**
   * Takes a command back. `unsent`: it was not sent, and now never will be, even when it is not here yet (until
   * `expired` gives it, so that its session hears of it whatever happens); `sent`: the daemon must say.
   */
  cancel(id: string, session: string, now: number): "unsent" | "sent" {
    const row = this.#db.select({ sent: commands.sent }).from(commands).where(eq(commands.id, id)).get();
    if (row?.sent === 1) {
      this.#db.update(commands).set({ cancelled: 1 }).where(eq(commands.id, id)).run();
      return "sent";
    }
    const taken = { cancelled: 1, expires_at: now + TAKEN_BACK_MS };
    this.#db
      .insert(commands)
      .values({ id, position: nextPosition(commands.position), session, json: "null", ...taken })
      .onConflictDoUpdate({ target: commands.id, set: taken })
      .run();
    return "unsent";
  }

  /** The sessions that wait here with a call of a tool. */
  unsentCalls(tool: string): string[] {
    const { session, sent, cancelled, json } = commands;
    const rows = this.#db
      .selectDistinct({ session })
      .from(commands)
      .where(
        and(
          eq(sent, 0),
          eq(cancelled, 0),
          sql`json_extract(${json}, '$.type') = 'tool' AND json_extract(${json}, '$.tool') = ${tool}`,
        ),
      )
      .all();
    return rows.map((row) => row.session);
  }

  /** Whether a command may have reached a daemon. */
  wasSent(id: string): boolean {
    return (
      this.#db.select({ sent: commands.sent }).from(commands).where(eq(commands.id, id)).get()?.sent === 1
    );
  }

  remove(id: string, session: string): void {
    this.#db
      .delete(commands)
      .where(and(eq(commands.id, id), eq(commands.session, session)))
      .run();
  }

  /** Commands that expired, or were taken back, before they were sent. */
  expired(now: number): { id: string; session: string; cancelled: number }[] {
    return this.#db
      .select({ id: commands.id, session: commands.session, cancelled: commands.cancelled })
      .from(commands)
      .where(and(eq(commands.sent, 0), lte(commands.expires_at, now)))
      .all();
  }

  /** When the next unsent command expires. */
  nextExpiry(): number | null {
    return (
      this.#db
        .select({ at: min(commands.expires_at) })
        .from(commands)
        .where(eq(commands.sent, 0))
        .get()?.at ?? null
    );
  }

  all(): { id: string; session: string; sent: number }[] {
    const { id, session, sent } = commands;
    return this.#db.select({ id, session, sent }).from(commands).all();
  }
}

const ID_IN_USE: CommandResult = {
  status: "failed",
  code: "id_in_use",
  message: "Another session uses this command id; send the command with one of its own.",
};
const TOO_MANY: CommandResult = {
  status: "failed",
  code: "too_many_waiting",
  message: "Too many commands wait for this host already. Try again when it is back.",
};

/** A command as the daemon gets it: with the rest of its life, since clocks differ. */
export function commandFrame({ id, session, command, expires_at }: Enqueued, now: number): LinkServerFrame {
  return { type: "command", id, session, command, ttl_ms: expires_at - now };
}
