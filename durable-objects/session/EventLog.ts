import { and, asc, desc, eq, gt, gte, lt } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import { chunks } from "./schema.ts";

/** An open chunk takes more events up to this size, then a new one begins (rewriting a larger row costs more than it saves). */
export const CHUNK_BYTES = 32 * 1024;
export const CHUNK_EVENTS = 256;
/** Chunks are joined into frames of about this size for replay. */
export const REPLAY_FRAME_BYTES = 256 * 1024;
/** Most characters of one row, however many events come at once (a row has at most 2 MB; a character up to 3 bytes). */
export const ROW_CHARS = 512 * 1024;
/** Most characters of one page of the log. */
export const PAGE_CHARS = 2 * 1024 * 1024;

/** Consecutive events: the seq of the first and last, and their JSON joined by commas, as clients get it. */
export type Run = { first: number; last: number; body: string };

/**
 * A session's log: seq from 1 without holes, several events per row as ready-to-send JSON.
 * Everything is synchronous and joins the caller's transaction.
 */
export class EventLog {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Appends events whose JSON bodies carry no seq yet; gives them theirs. */
  append(head: number, events: { at: number; event: object }[]): Run {
    const first = head + 1;
    const bodies = events.map(({ at, event }, i) => JSON.stringify({ seq: first + i, at, ...event }));
    let row: string[] = [];
    let chars = 0;
    for (const [i, body] of bodies.entries()) {
      row.push(body);
      chars += body.length + 1;
      const next = bodies[i + 1];
      if (next !== undefined && chars + next.length <= ROW_CHARS) continue;
      const last = first + i;
      this.#store({ first: last + 1 - row.length, last, body: row.join(",") }, row.length);
      row = [];
      chars = 0;
    }
    return { first, last: head + events.length, body: bodies.join(",") };
  }

  #store(run: Run, count: number): void {
    const open = this.#db
      .select({ first: chunks.first, last: chunks.last, bytes: chunks.bytes })
      .from(chunks)
      .orderBy(desc(chunks.first))
      .limit(1)
      .get();
    const fits =
      open !== undefined &&
      open.bytes + run.body.length <= CHUNK_BYTES &&
      open.last - open.first + 1 + count <= CHUNK_EVENTS;
    if (fits) {
      this.#db
        .update(chunks)
        .set({
          last: run.last,
          bytes: open.bytes + run.body.length + 1,
          body: sql`${chunks.body} || ',' || ${run.body}`,
        })
        .where(eq(chunks.first, open.first))
        .run();
    } else {
      this.#db
        .insert(chunks)
        .values({ ...run, bytes: run.body.length })
        .run();
    }
  }

  /** Seq of the oldest event that is kept; 1 when the log is empty. */
  oldest(): number {
    return (
      this.#db.select({ first: chunks.first }).from(chunks).orderBy(asc(chunks.first)).limit(1).get()
        ?.first ?? 1
    );
  }

  /** Everything after `seq`, in runs of about REPLAY_FRAME_BYTES. */
  *after(seq: number): Generator<Run> {
    let run: Run | null = null;
    let next = seq + 1;
    for (;;) {
      // A page at a time: the whole log need not fit in memory.
      const page = this.#db
        .select({ first: chunks.first, last: chunks.last, body: chunks.body })
        .from(chunks)
        .where(and(gte(chunks.last, next), gte(chunks.first, this.#chunkOf(next))))
        .orderBy(asc(chunks.first))
        .limit(8)
        .all();
      for (const chunk of page) {
        const piece = chunk.first < next ? slice(chunk, next, chunk.last) : chunk;
        next = chunk.last + 1;
        if (run !== null && run.body.length + piece.body.length > REPLAY_FRAME_BYTES) {
          yield run;
          run = null;
        }
        run =
          run === null ? piece : { first: run.first, last: piece.last, body: `${run.body},${piece.body}` };
      }
      if (page.length < 8) break;
    }
    if (run !== null) yield run;
  }

  /**
   * The events from `first` to `last`, as one run; null when there are none. When they are more than a page holds,
   * those nearest to `end`.
   */
  between(first: number, last: number, end: "first" | "last" = "first"): Run | null {
    const within = (from: number) =>
      and(gte(chunks.first, from), gt(chunks.last, first - 1), lt(chunks.first, last + 1));
    const sizes = this.#db
      .select({ first: chunks.first, bytes: chunks.bytes })
      .from(chunks)
      .where(within(this.#chunkOf(first)))
      .orderBy(end === "first" ? asc(chunks.first) : desc(chunks.first))
      .all();
    let chars = 0;
    const page = sizes.filter(({ bytes }, i) => (chars += bytes) <= PAGE_CHARS || i === 0);
    const [from, to] = [page[0]?.first ?? 0, page.at(-1)?.first ?? 0];
    const rows = this.#db
      .select({ first: chunks.first, last: chunks.last, body: chunks.body })
      .from(chunks)
      .where(and(within(Math.min(from, to)), lt(chunks.first, Math.max(from, to) + 1)))
      .orderBy(asc(chunks.first))
      .all();
    const pieces = rows.map((row) =>
      row.first < first || row.last > last
        ? slice(row, Math.max(row.first, first), Math.min(row.last, last))
        : row,
    );
    const [head, ...rest] = pieces;
    if (head === undefined) return null;
    return {
      first: head.first,
      last: rest.at(-1)?.last ?? head.last,
      body: pieces.map((piece) => piece.body).join(","),
    };
  }

  /** First seq of the chunk that holds `seq`, so that the primary key finds it. */
  #chunkOf(seq: number): number {
    return (
      this.#db
        .select({ first: chunks.first })
        .from(chunks)
        .where(lt(chunks.first, seq + 1))
        .orderBy(desc(chunks.first))
        .limit(1)
        .get()?.first ?? 0
    );
  }

  clear(): void {
    this.#db.delete(chunks).run();
  }
}

/** The part of a run from `first` to `last`. The only place where stored JSON is parsed. */
function slice(run: Run, first: number, last: number): Run {
  const events: unknown[] = JSON.parse(`[${run.body}]`);
  const kept = events.slice(first - run.first, last - run.first + 1);
  return { first, last, body: kept.map((event) => JSON.stringify(event)).join(",") };
}

/** The frame that carries a run to a client. */
export function eventsFrame(run: Run): string {
  return `{"type":"events","first":${run.first},"events":[${run.body}]}`;
}
