import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { runs } from "../db/schema.ts";

/** Times that a script may begin and come no further: somebody who kills the process may have bad luck, too. */
const MOST_TIMES = 5;

/** Notes that a script begins. False when it began too often and never came further: then it is not begun again. */
export async function noteBegun(d1: D1Database, run: string): Promise<boolean> {
  const [row] = await drizzle(d1)
    .update(runs)
    .set({ begun: sql`${runs.begun} + 1` })
    .where(eq(runs.id, run))
    .returning({ begun: runs.begun });
  return (row?.begun ?? 1) <= MOST_TIMES;
}

/** Notes that a script has come further than before, or waits. */
export async function noteProgress(d1: D1Database, run: string): Promise<void> {
  await drizzle(d1).update(runs).set({ begun: 0 }).where(eq(runs.id, run));
}
