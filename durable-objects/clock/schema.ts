import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export { alarms } from "../shared/tables.ts";

/** Schedules; `json` is the schedule without its newest execution. */
export const schedules = sqliteTable("schedule", {
  id: text().primaryKey(),
  /** Null when it is paused or has no further time. */
  next_at: integer(),
  json: text().notNull(),
});

/** Executions of schedules; the newest are kept. Ids sort by time. */
export const executions = sqliteTable(
  "execution",
  {
    id: text().primaryKey(),
    schedule: text().notNull(),
    state: text({ enum: ["starting", "waiting", "started", "skipped", "missed", "failed"] }).notNull(),
    /** Of one that is `starting` or `waiting`: when it is to be tried, or looked at, (again). */
    start_at: integer(),
    /** How often starting it failed. */
    failures: integer().notNull().default(0),
    /** Its work was seen to have ended. */
    over: integer({ mode: "boolean" }).notNull().default(false),
    json: text().notNull(),
  },
  (table) => [
    index("execution_list").on(table.schedule, table.id),
    index("execution_open")
      .on(table.start_at)
      .where(sql`start_at is not null`),
  ],
);
