import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { runs } from "../db/schema.ts";

/** Times that a script may end the process that runs it before it has said a word. */
const MOST_TIMES = 3;

/** Notes that a script begins. False when it began too often and was never heard of: then it is not begun again. */
export async function noteBegun(d1: D1Database, run: string): Promise<boolean> {
  const [row] = await drizzle(d1)
    .update(runs)
    .set({ begun: sql`${runs.begun} + 1` })
    .where(eq(runs.id, run))
    .returning({ begun: runs.begun });
  return (row?.begun ?? 1) <= MOST_TIMES;
}

/** Notes that a script was heard. */
export async function noteHeard(d1: D1Database, run: string): Promise<void> {
  await drizzle(d1).update(runs).set({ begun: 0 }).where(eq(runs.id, run));
}
