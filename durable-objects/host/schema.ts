import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export { alarms, outbox } from "../shared/tables.ts";

/** The one row of the host itself. */
export const host = sqliteTable("host", {
  id: text().primaryKey(),
  /** {@link Host} as JSON; null once it is removed. */
  json: text(),
});

/** The journals (epochs) this host has spoken from, and the last message of each that is committed at its owner. */
export const journals = sqliteTable("journal", {
  epoch: text().primaryKey(),
  acked: integer().notNull(),
  /** Seq of the message that the owner could not take, and how often it was tried. */
  stuck_at: integer().notNull().default(0),
  stuck_tries: integer().notNull().default(0),
  /** When it was tried first. */
  stuck_since: integer().notNull().default(0),
});

/** Commands without a result, in order. */
export const commands = sqliteTable("command", {
  id: text().primaryKey(),
  /** See `nextPosition`. */
  position: integer().notNull(),
  session: text().notNull(),
  json: text().notNull(),
  expires_at: integer().notNull(),
  /** 1 once it was handed to a socket: from then on only the daemon knows what became of it. */
  sent: integer().notNull().default(0),
  cancelled: integer().notNull().default(0),
});

/** Sessions whose console somebody watches. */
export const watching = sqliteTable("watching", { session: text().primaryKey() });

/** Sessions that live here, as far as is known: told when the host is removed. */
export const residents = sqliteTable("resident", { session: text().primaryKey() });

/** Panes nobody adopted, as the daemon last told. */
export const unadopted = sqliteTable("unadopted", { id: integer().primaryKey(), json: text().notNull() });

/** Workflow files of the host, as the daemon last told. */
export const workflowFiles = sqliteTable("workflow_files", {
  id: integer().primaryKey(),
  json: text().notNull(),
});

/** Messages that could not be understood or taken; kept for a person to look at, the newest hundred. */
export const rejects = sqliteTable("reject", {
  id: integer().primaryKey({ autoIncrement: true }),
  at: integer().notNull(),
  seq: integer().notNull(),
  reason: text().notNull(),
  json: text().notNull(),
});
