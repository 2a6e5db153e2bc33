import { and, desc, eq, lt, or, sql, type SQL } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Span, type SpanKind } from "../../protocol/traces.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { spans } from "./schema.ts";

type Page = {
  turn?: number | undefined;
  kind?: SpanKind | undefined;
  limit: number;
  cursor?: string | undefined;
};

/** A page of a session's spans, newest first: those of the index, and the `fresh` ones that it may not have. */
export async function listSpans(
  d1: D1Database,
  { team, session }: { team: string; session: string },
  fresh: Span[],
  { turn, kind, limit, cursor }: Page,
): Promise<{ items: Span[]; next_cursor: string | null }> {
  const wanted: (SQL | undefined)[] = [eq(spans.session, session), eq(spans.team, team)];
  const after = cursor === undefined ? null : decodeCursor(cursor);
  if (turn !== undefined) wanted.push(eq(spans.turn, turn));
  if (kind !== undefined) wanted.push(eq(sql`${spans.json} ->> 'kind'`, kind));
  if (after !== null) {
    const [time, id] = after;
    wanted.push(or(lt(spans.started_at, time), and(eq(spans.started_at, time), lt(spans.id, id))));
  }
  const rows = await drizzle(d1)
    .select({ json: spans.json })
    .from(spans)
    .where(and(...wanted))
    .orderBy(desc(spans.started_at), desc(spans.id))
    .limit(limit + 1);
  const newest = new Map<string, Span>();
  for (const span of [...fresh, ...rows.map(({ json }) => Span.parse(JSON.parse(json)))]) {
    if (turn !== undefined && span.turn !== turn) continue;
    if (kind !== undefined && span.kind !== kind) continue;
    if (after !== null && !isAfter(span, after)) continue;
    const known = newest.get(span.id);
    if (known === undefined || known.version < span.version) newest.set(span.id, span);
  }
  const sorted = [...newest.values()].sort((a, b) => (isAfter(b, [a.started_at, a.id]) ? -1 : 1));
  const items = sorted.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    next_cursor: sorted.length > limit && last !== undefined ? encodeCursor(last.started_at, last.id) : null,
  };
}

/** Whether a span comes after a place in the list. */
function isAfter(span: Span, [time, id]: [number, string]): boolean {
  return span.started_at < time || (span.started_at === time && span.id < id);
}
