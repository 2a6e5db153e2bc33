import type { ModelMessage } from "ai";
import { and, asc, countDistinct, eq, gt, lte, sql } from "drizzle-orm";
import { STEPS_REPLACED } from "../../../worker/models/summaryRequest.ts";
import type { Database } from "../../shared/database.ts";
import { messages, summaries } from "../schema.ts";
import { NUDGE } from "./runaway.ts";
import { cutAt, fillOf, fitted, type Fill, type Sized } from "./window.ts";

export type Summary = typeof summaries.$inferSelect;

/** What a summary is to replace: messages up to a position, and the events up to a seq that tell them. */
export type Replaced = {
  earlier: Summary | null;
  upto: number;
  messages: ModelMessage[];
  /** Turns that are wholly or in part in the summary. */
  turns: number;
  from_seq: number;
  to_seq: number;
};

/** Most characters of a conversation that are read at once, whatever the model's window. */
const MOST_CHARS = 4 * 1024 * 1024;

/**
 * What the model has been told and has said, and the summary that stands for its older part. Rows are never deleted:
 * a summary only moves where the reading begins. Synchronous; joins the caller's transaction.
 */
export class Conversation {
  readonly #db: Database;
  /** Last event of the log. */
  readonly #head: () => number;

  constructor(db: Database, head: () => number) {
    this.#db = db;
    this.#head = head;
  }

  /** Adds a message. `tokens`: what the model counted up to and with it. */
  add(turn: number, message: ModelMessage, tokens: number | null = null): void {
    this.#db
      .insert(messages)
      .values({ turn, json: JSON.stringify(message), seq: this.#head(), tokens })
      .run();
  }

  /** What the model is sent for a turn, within about so many characters: summary, the turn's own requests, and what came since. */
  messages(turn: number, mostChars: number): ModelMessage[] {
    const most = Math.min(mostChars, MOST_CHARS);
    const summary = this.summary();
    const rows = this.#sizes(summary);
    const chars = rows.reduce((total, row) => total + row.chars, 0);
    const begin = chars > most ? (rows[cutAt(rows, most)]?.position ?? 0) : 0;
    const tail = this.#read(and(gt(messages.position, summary?.upto ?? 0), gt(messages.position, begin - 1)));
    const replaced = this.#read(
      and(eq(messages.turn, turn), lte(messages.position, Math.max(summary?.upto ?? 0, begin - 1))),
    );
    // The request that the turn answers stands as it was said, however much of the turn is replaced.
    const requests = replaced.filter(({ role, content }) => role === "user" && content !== NUDGE);
    const head = summary === null && begin === 0 ? [] : [beginning(summary, stepsIn(replaced))];
    return fitted([...head, ...requests, ...tail], most);
  }

  /** How full the model's window is. */
  fill(): Fill {
    const summary = this.summary();
    return fillOf(this.#sizes(summary), summary?.text.length ?? 0, summary?.made_at ?? 0);
  }

  /** What a summary would replace, so that about `keptChars` stay (null: all is replaced); null when there is nothing. */
  replaceable(keptChars: number | null): Replaced | null {
    const earlier = this.summary();
    const rows = this.#sizes(earlier);
    const cut = keptChars === null ? rows.length : cutAt(rows, keptChars);
    const upto = rows[cut - 1]?.position;
    if (upto === undefined) return null;
    const within = lte(messages.position, upto);
    const turns = this.#db
      .select({ count: countDistinct(messages.turn) })
      .from(messages)
      .where(within)
      .get();
    const kept = rows[cut];
    return {
      earlier,
      upto,
      messages: this.#read(and(gt(messages.position, earlier?.upto ?? 0), within)),
      turns: turns?.count ?? 0,
      from_seq: earlier === null ? 1 : earlier.to_seq + 1,
      to_seq: kept?.seq ?? this.#head(),
    };
  }

  /** Puts a summary in the place of what it replaces. */
  replace({ upto, to_seq }: Replaced, text: string): void {
    const last = this.#db
      .select({ at: sql<number>`max(${messages.position})` })
      .from(messages)
      .get();
    const row = { text, upto, to_seq, made_at: last?.at ?? upto };
    this.#db
      .insert(summaries)
      .values({ id: 1, ...row })
      .onConflictDoUpdate({ target: summaries.id, set: row })
      .run();
  }

  /** The summary that stands for the older part; null when all is there. */
  summary(): Summary | null {
    return this.#db.select().from(summaries).get() ?? null;
  }

  /** Forgets everything, for a session that is deleted. */
  clear(): void {
    this.#db.delete(messages).run();
    this.#db.delete(summaries).run();
  }

  #sizes(summary: Summary | null): (Sized & { seq: number | null })[] {
    return this.#db
      .select({
        position: messages.position,
        role: sql<string>`json_extract(${messages.json}, '$.role')`,
        chars: sql<number>`length(${messages.json})`,
        tokens: messages.tokens,
        seq: messages.seq,
      })
      .from(messages)
      .where(gt(messages.position, summary?.upto ?? 0))
      .orderBy(asc(messages.position))
      .all();
  }

  #read(where: ReturnType<typeof and>): ModelMessage[] {
    const rows = this.#db
      .select({ json: messages.json })
      .from(messages)
      .where(where)
      .orderBy(asc(messages.position))
      .all();
    return rows.map(({ json }): ModelMessage => JSON.parse(json));
  }
}

/** How a conversation begins whose older part is not there. */
function beginning(summary: Summary | null, steps: number): ModelMessage {
  const words = [
    summary === null
      ? "(The older part of this conversation is left out.)"
      : `The older part of this conversation, in short:\n\n${summary.text}`,
    ...(steps === 0 ? [] : [`(${steps} ${STEPS_REPLACED}; its request follows.)`]),
  ];
  return { role: "user", content: words.join("\n\n") };
}

/** Steps that are replaced, by the calls they made: what the model has done for the running turn already. */
function stepsIn(replaced: ModelMessage[]): number {
  return replaced.filter(
    ({ role, content }) =>
      role === "assistant" && typeof content !== "string" && content.some(({ type }) => type === "tool-call"),
  ).length;
}
