import { like } from "drizzle-orm";
import * as z from "zod";
import { Span } from "../../../protocol/traces.ts";
import type { Database } from "../../shared/database.ts";
import type { Publisher } from "../../shared/Publisher.ts";
import { logError } from "../../shared/logError.ts";
import { outbox, traces } from "../schema.ts";
import { follow, type Happening, type Scope, type Trace } from "./follow.ts";
import type { SpanTexts } from "./SpanTexts.ts";

/** What is published of spans that ended. */
export const EndedSpans = z.object({ spans: z.array(Span) });
export type EndedSpans = z.infer<typeof EndedSpans>;

/** A trace, and what of it has ended and was not put on its way. */
export type Taken = Trace & { ended: readonly Span[] };

const KEY = "spans.";
/** A row has at most 2 MB; a span at its largest is about 40 KB. */
const SPANS_PER_ROW = 40;
/** So many that have ended do not wait for the end of their turn. */
const MOST_KEPT = 20;

/**
 * The spans of a session. Those that run are one row here, so that they outlive the object, and with them those that
 * ended until nothing runs any more; then all of these go to D1 through the outbox, as one row
 * (earlier, and more rows, when they are many).
 */
export class Traces {
  readonly #db: Database;
  readonly #publisher: Publisher;
  readonly #texts: SpanTexts;
  #open: readonly Span[];
  /** What has ended, and waits for the end of its turn. */
  #ended: readonly Span[];
  #flushes: number;

  constructor(db: Database, publisher: Publisher, texts: SpanTexts) {
    this.#db = db;
    this.#publisher = publisher;
    this.#texts = texts;
    const row = db.select().from(traces).limit(1).get();
    const open = row === undefined ? null : z.array(Span).safeParse(JSON.parse(row.open));
    // A session works without its trace: spans that another version of this code wrote are let go.
    if (open?.success === false) logError("the open spans cannot be read", open.error);
    this.#open = open?.data?.filter(({ ended_at }) => ended_at === null) ?? [];
    this.#ended = open?.data?.filter(({ ended_at }) => ended_at !== null) ?? [];
    this.#flushes = row?.flushes ?? 0;
  }

  /** The trace after what a flush appends. Stores its changes in the caller's transaction; `keep` it once that is committed. */
  take(scope: Scope, happened: Happening[]): Taken {
    const before: Trace = { open: this.#open, changed: new Map(), whole: new Map() };
    const trace = happened.reduce((sum, each) => follow(sum, scope, each), before);
    this.#texts.put(trace.whole);
    if (trace.whole.size > 0) this.#publisher.changed("soon");
    if (trace.changed.size === 0) return { ...trace, ended: this.#ended };
    const all = [...this.#ended, ...[...trace.changed.values()].filter(({ ended_at }) => ended_at !== null)];
    const goes = trace.open.length === 0 || all.length >= MOST_KEPT;
    const [going, ended] = goes ? [all, []] : [[], all];
    const row = { open: JSON.stringify([...trace.open, ...ended]), flushes: this.#flushes + 1 };
    this.#db
      .insert(traces)
      .values({ id: 1, ...row })
      .onConflictDoUpdate({ target: traces.id, set: row })
      .run();
    for (let from = 0; from < going.length; from += SPANS_PER_ROW) {
      const body: EndedSpans = { spans: going.slice(from, from + SPANS_PER_ROW) };
      const key = `${KEY}${row.flushes}.${from}`;
      this.#publisher.put({ key, version: 1, body: JSON.stringify(body) }, "soon");
    }
    return { ...trace, ended };
  }

  /** The flush is committed; returns the spans that began or ended in it. */
  keep(trace: Taken): Span[] {
    this.#open = trace.open;
    this.#ended = trace.ended;
    if (trace.changed.size > 0) this.#flushes++;
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
    this.#db.delete(traces).run();
    this.#texts.clear();
    this.#db
      .delete(outbox)
      .where(like(outbox.key, `${KEY}%`))
      .run();
    this.#open = [];
    this.#ended = [];
  }
}
