import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export { alarms, outbox } from "../shared/tables.ts";

/** The newest known state of each session and host, and of what waits for a decision; a copy of what D1 has, ordered by change. */
export const items = sqliteTable(
  "item",
  {
    /** `session:<id>`, `host:<id>` or `approval:<id>`. */
    key: text().primaryKey(),
    /** Counts changes in the hub; a client resumes from it. */
    rev: integer().notNull(),
    /** The row's own version; an older one is ignored. */
    version: integer().notNull(),
    /** The {@link HubChange} as JSON. */
    json: text().notNull(),
    removed: integer().notNull().default(0),
  },
  (table) => [index("item_rev").on(table.rev)],
);

export const hub = sqliteTable("hub", {
  id: integer().primaryKey(),
  epoch: text().notNull(),
  /** As it was when something was forgotten; the newest is that of an item. */
  rev: integer().notNull(),
  /** Removals up to this rev are forgotten; a client older than that starts anew. */
  forgotten: integer().notNull(),
});
