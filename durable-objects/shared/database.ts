import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import type { BaseSQLiteDatabase } from "drizzle-orm/sqlite-core";

/** An object's SQLite, through drizzle; synchronous, so a function over it runs in a transaction as it is. */
export type Database = BaseSQLiteDatabase<"sync", unknown>;

type Migrations = Parameters<typeof migrate>[1];

/**
 * Opens an object's database and brings it to the newest schema. The migrator is synchronous inside its promise, so
 * the tables are there when this returns; a failed migration resets the object.
 */
export function openDatabase(ctx: DurableObjectState, migrations: Migrations): Database {
  const db = drizzle(ctx.storage);
  const migrated = migrate(db, migrations);
  void ctx.blockConcurrencyWhile(() => migrated);
  return db;
}
