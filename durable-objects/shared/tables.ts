import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Named alarms over the object's one alarm; see alarms.ts. */
export const alarms = sqliteTable("alarm", {
  name: text().primaryKey(),
  at: integer().notNull(),
  /** Failed runs in a row, for the backoff. */
  failures: integer().notNull().default(0),
});

/** Rows for D1 and the hub that are not known to have arrived; see publisher.ts. A newer row of a key replaces the older. */
export const outbox = sqliteTable("outbox", {
  key: text().primaryKey(),
  version: integer().notNull(),
  body: text().notNull(),
  /** Failed tries in a row; such a row waits for the alarm and holds up no other. */
  failures: integer().notNull().default(0),
});
