import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import type { BaseSQLiteDatabase } from "drizzle-orm/sqlite-core";

/** An object's SQLite, through drizzle; synchronous, so a function over it runs in a transaction as it is. */
export type Database = BaseSQLiteDatabase<"sync", unknown>;

type Migrations = Parameters<typeof migrate>[1];

/** What the first new object of a kind came to here, by its migrations; the next ones begin with that. */
const schemas = new WeakMap<Migrations, string>();

/**
 * Opens an object's database and brings it to the newest schema. The migrator is synchronous inside its promise, so
 * the tables are there when this returns; a failed migration resets the object.
 *
 * Every statement of a schema is billed, and going through all that a schema ever was costs ten times what it is now:
 * only the first new object of a kind does that.
 */
export function openDatabase(ctx: DurableObjectState, migrations: Migrations): Database {
  const { storage } = ctx;
  const db = drizzle(storage);
  const isNew = storage.sql
    .exec("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'")
    .next().done;
  const schema = schemas.get(migrations);
  if (isNew && schema !== undefined) storage.transactionSync(() => void storage.sql.exec(schema));
  const migrated = migrate(db, migrations);
  void ctx.blockConcurrencyWhile(async () => {
    await migrated;
    if (isNew && schema === undefined) schemas.set(migrations, schemaOf(storage.sql, migrations));
  });
  return db;
}

/** All that the migrations have made, as statements: none of them writes a row of its own. */
function schemaOf(sql: SqlStorage, { journal }: Migrations): string {
  const made = sql
    .exec<{ sql: string }>(
      `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' ORDER BY rowid`,
    )
    .toArray();
  const newest = Math.max(...journal.entries.map(({ when }) => when));
  return [
    ...made.map((each) => each.sql),
    `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', ${newest})`,
  ].join(";\n");
}
