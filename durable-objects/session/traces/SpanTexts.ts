import { and, eq } from "drizzle-orm";
import type { SpanSide } from "../../../protocol/traces.ts";
import type { Database } from "../../shared/database.ts";
import { ordered } from "../../shared/ordered.ts";
import { spanTexts } from "../schema.ts";
import type { WholeTexts } from "./follow.ts";

/** Puts a text where it stays; the same one again changes nothing. */
export type KeepText = (span: string, side: SpanSide, text: string) => Promise<void>;

/**
 * Whole inputs and outputs of spans, where a span has only their beginnings. They are rows here until they are in R2,
 * so each can be read at any time: here first, then there.
 */
export class SpanTexts {
  readonly #db: Database;
  readonly #keep: KeepText;
  /** Prepared, since it is asked after every commit. */
  readonly #next;
  #draining: Promise<void> | null = null;

  constructor(db: Database, keep: KeepText) {
    this.#db = db;
    this.#keep = keep;
    this.#next = db
      .select()
      .from(spanTexts)
      .orderBy(ordered(spanTexts.span, "asc", 1))
      .prepare();
  }

  /** Notes texts; part of the caller's transaction. What publishes the spans' ends calls `drain` after it. */
  put(texts: ReadonlyMap<string, WholeTexts>): void {
    for (const [span, sides] of texts) {
      for (const side of ["input", "output"] as const) {
        const text = sides[side];
        if (text === undefined) continue;
        this.#db
          .insert(spanTexts)
          .values({ span, side, text })
          .onConflictDoUpdate({ target: [spanTexts.span, spanTexts.side], set: { text } })
          .run();
      }
    }
  }

  /** A text that is not in R2 yet. */
  read(span: string, side: SpanSide): string | null {
    const row = this.#db.select({ text: spanTexts.text }).from(spanTexts).where(isText(span, side)).get();
    return row?.text ?? null;
  }

  /** Carries to R2 what waits, one after the other. One runs at a time; a caller that comes meanwhile waits for it. */
  drain(): Promise<void> {
    this.#draining ??= this.#carry();
    return this.#draining;
  }

  /** Forgets everything. Part of the caller's transaction. */
  clear(): void {
    this.#db.delete(spanTexts).run();
  }

  async #carry(): Promise<void> {
    await Promise.resolve(); // so that `#draining` is set before the end below clears it
    try {
      for (;;) {
        const row = this.#next.get();
        if (row === undefined) return;
        const { span, side, text } = row;
        await this.#keep(span, side, text);
        // Only what was carried: it may have been written anew meanwhile.
        this.#db
          .delete(spanTexts)
          .where(and(isText(span, side), eq(spanTexts.text, text)))
          .run();
      }
    } finally {
      this.#draining = null;
    }
  }
}

function isText(span: string, side: SpanSide) {
  return and(eq(spanTexts.span, span), eq(spanTexts.side, side));
}
