import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export { alarms, outbox } from "../shared/tables.ts";

/** The one row of the session itself: a projection of its log and of what its host reports. */
export const session = sqliteTable("session", {
  id: text().primaryKey(),
  /** Names the log; a client's cursor holds only within it. */
  epoch: text().notNull(),
  /** Last seq of the log. */
  head: integer().notNull(),
  /** {@link Session} as JSON; null once the session is deleted (a tombstone, so that late messages change nothing). */
  json: text(),
});

/** The log: several events per row as the JSON that clients get, without the brackets. */
export const chunks = sqliteTable("chunk", {
  first: integer().primaryKey(),
  last: integer().notNull(),
  bytes: integer().notNull(),
  body: text().notNull(),
});

/** Last link message of a journal that is in the log; makes redelivery harmless. */
export const ingested = sqliteTable("ingested", {
  epoch: text().primaryKey(),
  seq: integer().notNull(),
});

/** Commands: on their way to the host object (`forwarded` 0), with the host (1), ended (`result`). */
export const commands = sqliteTable("command", {
  id: text().primaryKey(),
  json: text().notNull(),
  /** When it expires; once it has ended, when it may be forgotten. */
  expires_at: integer(),
  forwarded: integer().notNull().default(0),
  created_at: integer().notNull(),
  result: text(),
});
