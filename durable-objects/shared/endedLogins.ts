import { and, gt, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { logins } from "../../worker/db/schema.ts";

/** D1 takes at most a hundred parameters. */
const AT_ONCE = 90;

/** Which of these logins hold no longer: signed out, or too old. */
export async function endedLogins(d1: D1Database, asked: readonly string[]): Promise<string[]> {
  const there = new Set<string>();
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const rows = await drizzle(d1)
      .select({ id: logins.sha256 })
      .from(logins)
      .where(
        and(inArray(logins.sha256, asked.slice(from, from + AT_ONCE)), gt(logins.expires_at, Date.now())),
      );
    for (const { id } of rows) there.add(id);
  }
  return asked.filter((login) => !there.has(login));
}
