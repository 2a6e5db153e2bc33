import { and, asc, count, eq, lte, min } from "drizzle-orm";
import { Command } from "../../protocol/commands.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { Database } from "../shared/database.ts";
import { commands } from "./schema.ts";

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
    return this.#db.select({ n: count() }).from(commands).get()?.n ?? 0;
  }

  /** Stores a command; false when it is there already. */
  add({ id, session, command, expires_at }: Enqueued): boolean {
    if (this.#db.select({ id: commands.id }).from(commands).where(eq(commands.id, id)).get()) return false;
    this.#db
      .insert(commands)
      .values({ id, session, json: JSON.stringify(command), expires_at })
      .run();
    return true;
  }

  /** The frames that bring a daemon up to date: every command without a result, and what is cancelled. */
  frames(now: number): LinkServerFrame[] {
    const rows = this.#db.select().from(commands).orderBy(asc(commands.position)).all();
    return rows.flatMap((row): LinkServerFrame[] => {
      const cancel = { type: "cancel", id: row.id, session: row.session } as const;
      const send = commandFrame({ ...row, command: Command.parse(JSON.parse(row.json)) }, now);
      return row.cancelled ? [cancel, send] : [send];
    });
  }

  /** Notes that everything may have reached a daemon. */
  markSent(): void {
    this.#db.update(commands).set({ sent: 1 }).where(eq(commands.sent, 0)).run();
  }

  /** Takes a command out that was never sent. `unsent`: it is gone; `sent`: the daemon must say; `unknown`: no such one. */
  cancel(id: string): "unsent" | "sent" | "unknown" {
    const row = this.#db.select({ sent: commands.sent }).from(commands).where(eq(commands.id, id)).get();
    if (row === undefined) return "unknown";
    if (row.sent === 0) {
      this.remove(id);
      return "unsent";
    }
    this.#db.update(commands).set({ cancelled: 1 }).where(eq(commands.id, id)).run();
    return "sent";
  }

  remove(id: string): void {
    this.#db.delete(commands).where(eq(commands.id, id)).run();
  }

  /** Commands that expired before they were sent. */
  expired(now: number): { id: string; session: string }[] {
    return this.#db
      .select({ id: commands.id, session: commands.session })
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

  all(): { id: string; session: string }[] {
    return this.#db.select({ id: commands.id, session: commands.session }).from(commands).all();
  }
}

/** A command as the daemon gets it: with the rest of its life, since clocks differ. */
export function commandFrame({ id, session, command, expires_at }: Enqueued, now: number): LinkServerFrame {
  return { type: "command", id, session, command, ttl_ms: expires_at - now };
}
