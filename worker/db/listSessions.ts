import { and, desc, eq, inArray, lt, or, sql, type SQL } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { searchWords, type SessionFilter } from "../../protocol/filter.ts";
import type { Session } from "../../protocol/session.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { sessions } from "./schema.ts";

/** A page of a team's sessions, newest first. */
export async function listSessions(
  d1: D1Database,
  team: string,
  filter: SessionFilter,
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: Session[]; next_cursor: string | null }> {
  const wanted: (SQL | undefined)[] = [eq(sessions.team, team)];
  if (filter.host !== undefined) wanted.push(eq(sessions.host, filter.host));
  if (filter.status?.length) wanted.push(inArray(sessions.status, filter.status));
  if (filter.provider?.length) wanted.push(inArray(sessions.provider, filter.provider));
  if (filter.attention !== undefined) wanted.push(eq(sessions.attention, Number(filter.attention)));
  if (filter.ended !== undefined) wanted.push(eq(sessions.ended, Number(filter.ended)));
  if (filter.text) {
    const words = JSON.stringify(searchWords(filter.text)); // as one parameter: D1 takes at most a hundred
    wanted.push(sql`NOT EXISTS (SELECT 1 FROM json_each(${words}) WHERE instr(${sessions.hay}, value) = 0)`);
  }
  if (page.cursor !== undefined) {
    const [time, id] = decodeCursor(page.cursor);
    wanted.push(or(lt(sessions.created_at, time), and(eq(sessions.created_at, time), lt(sessions.id, id))));
  }
  const rows = await drizzle(d1)
    .select({ id: sessions.id, at: sessions.created_at, json: sessions.json })
    .from(sessions)
    .where(and(...wanted))
    .orderBy(desc(sessions.created_at), desc(sessions.id))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return {
    items: items.map((row): Session => JSON.parse(row.json)),
    next_cursor: more ? encodeCursor(last.at, last.id) : null,
  };
}
