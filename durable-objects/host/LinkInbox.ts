import { eq, sql } from "drizzle-orm";
import { DaemonMessage } from "../../protocol/link.ts";
import type { Database } from "../shared/database.ts";
import type { Numbered } from "../session/ingest.ts";
import { journals, rejects } from "./schema.ts";

/** What a daemon says of its host itself. */
type HostMessage = Extract<DaemonMessage, { kind: "host" | "unadopted" | "workflows" }>;

function isOfHost(message: DaemonMessage): message is HostMessage {
  return message.kind === "host" || message.kind === "unadopted" || message.kind === "workflows";
}

/** A message as it came: numbered, its body not yet parsed. */
export type RawMessage = { seq: number; message: unknown };

type Parts = {
  db: Database;
  /** Runs work in a transaction. */
  transaction: (work: () => void) => void;
  /** Hands messages to the session that owns them; resolves when they are committed, with why they were refused for good. */
  toSession: (epoch: string, session: string, messages: Numbered[]) => Promise<string | null>;
  /** Takes a message about the host itself. */
  toHost: (message: HostMessage) => void;
  /** A command's result is committed at its session. */
  onResult: (id: string, session: string) => void;
};

/**
 * How often, and for how long, the owner of a message may fail before the message is put aside: it must not hold up a
 * host for ever, but an outage must not cost events.
 */
export const MOST_TRIES = 5;
export const MOST_TRYING_MS = 10 * 60 * 1000;
/** How long an owner may take to commit: one that hangs must not hold up the link with it. */
export const OWNER_LIMIT_MS = 10_000;
const MOST_REJECTS = 100;

/** Takes a daemon's messages in order, each to its owner, and moves the journal's cursor once the owners have committed. */
export class LinkInbox {
  readonly #parts: Parts;
  readonly #sql: Statements;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#sql = prepare(parts.db);
  }

  /** Last committed message of a journal; 0 for one that is new here. */
  acked(epoch: string): number {
    return this.#sql.acked.get({ epoch })?.acked ?? 0;
  }

  /**
   * Takes a batch and returns the new cursor. Messages at or below the cursor are dropped; a hole throws
   * (the daemon must send in order). Throws when an owner failed: nothing is acked, the daemon sends again.
   */
  async take(epoch: string, batch: RawMessage[]): Promise<number> {
    const cursor = this.acked(epoch);
    const fresh = batch.filter(({ seq }) => seq > cursor);
    const [first, last] = [fresh[0], fresh.at(-1)];
    if (first === undefined || last === undefined) return cursor;
    if (first.seq !== cursor + 1 || fresh.some(({ seq }, i) => seq !== first.seq + i))
      throw new OutOfOrder(`Expected message ${cursor + 1}, got ${first.seq}.`);
    const { bySession, own, bad } = this.#sort(fresh);
    const results: { id: string; session: string }[] = [];
    const failures: unknown[] = [];
    let givesUp: boolean | null = null;
    // Every owner's answer is waited for: an ack covers them all.
    await Promise.all(
      [...bySession].map(async ([session, messages]) => {
        let refused: string | null;
        try {
          refused = await inTime(this.#parts.toSession(epoch, session, messages));
        } catch (error) {
          failures.push(error);
          givesUp ??= this.#giveUpAfter(epoch, first.seq);
          refused = `The owner failed again and again: ${String(error)}`;
        }
        for (const { seq, message } of messages)
          if (refused !== null) bad.push({ seq, message, reason: refused });
          else if (message.kind === "result") results.push(message);
      }),
    );
    if (failures.length > 0 && givesUp !== true) throw failures[0];
    this.#parts.transaction(() => {
      for (const message of own) this.#parts.toHost(message);
      for (const { id, session } of results) this.#parts.onResult(id, session);
      for (const { seq, message, reason } of bad) this.#reject(seq, message, reason);
      this.#sql.setAcked.run({ epoch, acked: last.seq });
    });
    return last.seq;
  }

  #sort(fresh: RawMessage[]) {
    const bySession = new Map<string, Numbered[]>();
    const own: HostMessage[] = [];
    const bad: (RawMessage & { reason: string })[] = [];
    for (const { seq, message: raw } of fresh) {
      const parsed = DaemonMessage.safeParse(raw);
      if (!parsed.success) {
        bad.push({ seq, message: raw, reason: parsed.error.issues[0]?.message ?? "malformed" });
        continue;
      }
      const message = parsed.data;
      if (isOfHost(message)) own.push(message);
      else {
        const list = bySession.get(message.session) ?? [];
        list.push({ seq, message });
        bySession.set(message.session, list);
      }
    }
    return { bySession, own, bad };
  }

  /** Counts a failed try at a message; true once it has had its last. */
  #giveUpAfter(epoch: string, seq: number): boolean {
    const { db } = this.#parts;
    const row = db.select().from(journals).where(eq(journals.epoch, epoch)).get();
    const tries = row?.stuck_at === seq ? row.stuck_tries + 1 : 1;
    const now = Date.now();
    const since = row !== undefined && tries > 1 ? row.stuck_since : now;
    const stuck = { stuck_at: seq, stuck_tries: tries, stuck_since: since };
    db.insert(journals)
      .values({ epoch, acked: row?.acked ?? 0, ...stuck })
      .onConflictDoUpdate({ target: journals.epoch, set: stuck })
      .run();
    return tries >= MOST_TRIES && now - since >= MOST_TRYING_MS;
  }

  #reject(seq: number, message: unknown, reason: string): void {
    const { db } = this.#parts;
    const json = JSON.stringify(message ?? null).slice(0, 16_384);
    const { id } = db
      .insert(rejects)
      .values({ at: Date.now(), seq, reason, json })
      .returning({ id: rejects.id })
      .get();
    db.delete(rejects)
      .where(eq(rejects.id, id - MOST_REJECTS))
      .run();
    console.warn(`message ${seq} put aside: ${reason}`);
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("The owner did not answer in time.")), OWNER_LIMIT_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** The daemon's messages came with a hole or backwards. */
export class OutOfOrder extends Error {}

type Statements = ReturnType<typeof prepare>;

/** What runs for every frame of the link is prepared: building a query takes longer than running it. */
function prepare(db: Database) {
  const epoch = sql.placeholder("epoch");
  return {
    acked: db.select({ acked: journals.acked }).from(journals).where(eq(journals.epoch, epoch)).prepare(),
    setAcked: db
      .insert(journals)
      .values({ epoch, acked: sql.placeholder("acked") })
      .onConflictDoUpdate({ target: journals.epoch, set: { acked: sql`excluded.acked` } })
      .prepare(),
  };
}
