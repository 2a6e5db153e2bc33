import { like } from "drizzle-orm";
import * as z from "zod";
import { Span } from "../../../protocol/traces.ts";
import type { Database } from "../../shared/database.ts";
import type { Publisher } from "../../shared/Publisher.ts";
import { logError } from "../../shared/logError.ts";
import { outbox, session } from "../schema.ts";
import { follow, MOST_OPEN, type Happening, type Scope, type Trace } from "./follow.ts";
import type { SpanTexts } from "./SpanTexts.ts";

/** What is published of spans that ended. */
export const EndedSpans = z.object({ spans: z.array(Span) });
export type EndedSpans = z.infer<typeof EndedSpans>;

/** A trace, and what of it has ended and was not put on its way. `row`: what is to be stored of both, when it has changed. */
export type Taken = Trace & { ended: readonly Span[]; row: string | null };

const KEY = "spans.";
/** A row has at most 2 MB; a span at its largest is about 40 KB. */
const SPANS_PER_ROW = 40;
/** So many that have ended do not wait for the end of their turn. */
const MOST_KEPT = 20;

/**
 * The spans of a session. Those that run are stored in its row, so that they outlive the object, and with them those
 * that ended until nothing runs any more; then all of these go to D1 through the outbox, as one row
 * (earlier, and more rows, when they are many).
 */
export class Traces {
  readonly #db: Database;
  readonly #publisher: Publisher;
  readonly #texts: SpanTexts;
  #open: readonly Span[];
  /** What has ended, and waits for the end of its turn. */
  #ended: readonly Span[];

  constructor(db: Database, publisher: Publisher, texts: SpanTexts) {
    this.#db = db;
    this.#publisher = publisher;
    this.#texts = texts;
    const json = db.select({ trace: session.trace }).from(session).limit(1).get()?.trace ?? "[]";
    const open = z.array(Span).safeParse(JSON.parse(json));
    // A session works without its trace: spans that another version of this code wrote are let go.
    if (!open.success) logError("the open spans cannot be read", open.error);
    this.#open = open.data?.filter(({ ended_at }) => ended_at === null) ?? [];
    this.#ended = open.data?.filter(({ ended_at }) => ended_at !== null) ?? [];
  }

  /** The trace after what a flush appends. Part of the caller's transaction, which stores its row; `keep` it once that is committed. */
  take(scope: Scope, happened: Happening[]): Taken {
    const before: Trace = { open: this.#open, changed: new Map(), whole: new Map() };
    const trace = happened.reduce((sum, each) => follow(sum, scope, each), before);
    this.#texts.put(trace.whole);
    if (trace.whole.size > 0) this.#publisher.changed("soon");
    if (trace.changed.size === 0) return { ...trace, ended: this.#ended, row: null };
    const all = [...this.#ended, ...[...trace.changed.values()].filter(({ ended_at }) => ended_at !== null)];
    const many = all.length >= MOST_KEPT || trace.open.length + all.length > MOST_OPEN;
    const goes = trace.open.length === 0 || many;
    const [going, ended] = goes ? [all, []] : [[], all];
    for (let from = 0; from < going.length; from += SPANS_PER_ROW) {
      const body: EndedSpans = { spans: going.slice(from, from + SPANS_PER_ROW) };
      const key = `${KEY}${crypto.randomUUID()}`;
      this.#publisher.put({ key, version: 1, body: JSON.stringify(body) }, "soon");
    }
    return { ...trace, ended, row: JSON.stringify([...trace.open, ...ended]) };
  }

  /** The flush is committed; returns the spans that began or ended in it. */
  keep(trace: Taken): Span[] {
    this.#open = trace.open;
    this.#ended = trace.ended;
    return [...trace.changed.values()];
  }

  /** The spans that D1 may not have: those that run, those of a turn that does, and those on their way. */
  unpublished(): Span[] {
    const rows = this.#db
      .select({ body: outbox.body })
      .from(outbox)
      .where(like(outbox.key, `${KEY}%`))
      .all();
    return [
      ...this.#open,
      ...this.#ended,
      ...rows.flatMap(({ body }) => EndedSpans.parse(JSON.parse(body)).spans),
    ];
  }

  /** Forgets everything, also what is on its way. Part of the caller's transaction. */
  clear(): void {
    this.#db.update(session).set({ trace: null }).run();
    this.#texts.clear();
    this.#db
      .delete(outbox)
      .where(like(outbox.key, `${KEY}%`))
      .run();
    this.#open = [];
    this.#ended = [];
  }
}
