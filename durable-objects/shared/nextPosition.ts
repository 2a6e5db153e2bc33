import { sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

/** The position after the last one of a table, for an insert: what counts up by itself (AUTOINCREMENT) is billed as a row of its own. */
export function nextPosition(column: SQLiteColumn): SQL<number> {
  return sql<number>`(SELECT coalesce(max(${column}), 0) + 1 FROM ${column.table})`;
}
