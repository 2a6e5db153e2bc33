import { and, asc, desc, eq, gt, gte, lt, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import { ordered } from "../shared/ordered.ts";
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

/** Chunks that are read at once. */
const PAGE_CHUNKS = 8;

/** Consecutive events: the seq of the first and last, and their JSON joined by commas, as clients get it. */
export type Run = { first: number; last: number; body: string };

/**
 * A session's log: seq from 1 without holes, several events per row as ready-to-send JSON.
 * Everything is synchronous and joins the caller's transaction.
 */
export class EventLog {
  readonly #db: Database;
  readonly #sql: Statements;

  constructor(db: Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  /** Appends events, each the JSON of an object without `seq` and `at`, and gives them theirs. */
  append(head: number, events: { at: number; json: string }[]): Run {
    const first = head + 1;
    const bodies = events.map(({ at, json }, i) => `${beginningOf(first + i)}${at},${json.slice(1)}`);
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
    const open = this.#sql.open.get();
    const bytes = run.body.length;
    const fits =
      open !== undefined &&
      open.bytes + bytes <= CHUNK_BYTES &&
      open.last - open.first + 1 + count <= CHUNK_EVENTS;
    if (fits) this.#sql.extend.run({ ...run, first: open.first, bytes: bytes + 1 });
    else this.#sql.begin.run({ ...run, bytes });
  }

  /** Seq of the oldest event that is kept; 1 when the log is empty. */
  oldest(): number {
    return this.#sql.oldest.get()?.first ?? 1;
  }

  /** Everything after `seq`, in runs of about REPLAY_FRAME_BYTES. */
  *after(seq: number): Generator<Run> {
    let run: Run | null = null;
    let next = seq + 1;
    for (;;) {
      // A page at a time: the whole log need not fit in memory.
      const page = this.#sql.page.all({ seq: next });
      for (const chunk of page) {
        const piece = chunk.first < next ? cut(chunk, next, chunk.last) : chunk;
        next = chunk.last + 1;
        if (run !== null && run.body.length + piece.body.length > REPLAY_FRAME_BYTES) {
          yield run;
          run = null;
        }
        run =
          run === null ? piece : { first: run.first, last: piece.last, body: `${run.body},${piece.body}` };
      }
      if (page.length < PAGE_CHUNKS) break;
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
        ? cut(row, Math.max(row.first, first), Math.min(row.last, last))
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
    return this.#sql.chunkOf.get({ seq })?.first ?? 0;
  }

  clear(): void {
    this.#db.delete(chunks).run();
  }
}

/** How an event begins in a body; its time follows. */
function beginningOf(seq: number): string {
  return `{"seq":${seq},"at":`;
}

/**
 * The part of a run from `first` to `last`, without parsing it: in a string a quote is escaped, and nothing in an event
 * begins like one, so the beginning of an event is found only where it is.
 */
function cut(run: Run, first: number, last: number): Run {
  const from = run.body.indexOf(beginningOf(first));
  const to = last === run.last ? run.body.length : run.body.indexOf(beginningOf(last + 1)) - 1;
  return { first, last, body: run.body.slice(from, to) };
}

/** The frame that carries a run to a client. */
export function eventsFrame(run: Run): string {
  return `{"type":"events","first":${run.first},"events":[${run.body}]}`;
}

type Statements = ReturnType<typeof prepare>;

/** What runs for every flush and frame is prepared: building a query takes several times as long as running it. */
function prepare(db: Database) {
  const seq = sql.placeholder("seq");
  const chunkOf = sql`(SELECT max(${chunks.first}) FROM ${chunks} WHERE ${chunks.first} <= ${seq})`;
  const text = { first: chunks.first, last: chunks.last, body: chunks.body };
  return {
    open: db
      .select({ first: chunks.first, last: chunks.last, bytes: chunks.bytes })
      .from(chunks)
      .orderBy(ordered(chunks.first, "desc", 1))
      .prepare(),
    begin: db
      .insert(chunks)
      .values({
        first: sql.placeholder("first"),
        last: sql.placeholder("last"),
        bytes: sql.placeholder("bytes"),
        body: sql.placeholder("body"),
      })
      .prepare(),
    extend: db
      .update(chunks)
      .set({
        last: sql`${sql.placeholder("last")}`,
        bytes: sql`${chunks.bytes} + ${sql.placeholder("bytes")}`,
        body: sql`${chunks.body} || ',' || ${sql.placeholder("body")}`,
      })
      .where(eq(chunks.first, sql.placeholder("first")))
      .prepare(),
    oldest: db
      .select({ first: chunks.first })
      .from(chunks)
      .orderBy(ordered(chunks.first, "asc", 1))
      .prepare(),
    /** The chunk that holds a seq, so that the primary key finds it. */
    chunkOf: db
      .select({ first: chunks.first })
      .from(chunks)
      .where(sql`${chunks.first} = ${chunkOf}`)
      .prepare(),
    /** The chunk that holds a seq and those after it. */
    page: db
      .select(text)
      .from(chunks)
      .where(and(sql`${chunks.first} >= coalesce(${chunkOf}, 0)`, gte(chunks.last, seq)))
      .orderBy(ordered(chunks.first, "asc", PAGE_CHUNKS))
      .prepare(),
  };
}
