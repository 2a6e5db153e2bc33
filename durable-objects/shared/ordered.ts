import { asc, desc, sql, type AnyColumn, type SQL } from "drizzle-orm";

/**
 * `ORDER BY` for a prepared statement, at most so many rows. The number stands in the text on purpose: a `LIMIT` that is
 * bound (as drizzle's own is) makes SQLite prepare the statement anew for every run, which costs more than the run.
 */
export function ordered(column: AnyColumn, direction: "asc" | "desc", most: number): SQL {
  return sql`${direction === "asc" ? asc(column) : desc(column)} LIMIT ${sql.raw(String(most))}`;
}
