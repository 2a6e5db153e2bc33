import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import { expect, test } from "vitest";
import clock from "../../durable-objects/clock/migrations/migrations.js";
import host from "../../durable-objects/host/migrations/migrations.js";
import hub from "../../durable-objects/hub/migrations/migrations.js";
import { openDatabase } from "../../durable-objects/shared/database.ts";
import session from "../../durable-objects/session/migrations/migrations.js";
import { newId } from "../../protocol/ids.ts";

/** Most rows that a new object's schema may write. */
const MOST_ROWS = 60;

/** Everything that an object's database is made of, and the migrations that it knows of. */
function schemaOf({ sql }: DurableObjectStorage) {
  const made = sql.exec(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB '_cf_*' AND name <> 'sqlite_sequence' ORDER BY name",
  );
  const known = sql.exec("SELECT max(created_at) AS newest FROM __drizzle_migrations");
  return [...made.toArray(), ...known.toArray()];
}

test.each([
  ["session", env.SESSION, session],
  ["host", env.HOST, host],
  ["hub", env.HUB, hub],
  ["clock", env.CLOCK, clock],
] as const)(
  "a new %s begins with what its migrations come to, in few rows",
  async (_, objects, migrations) => {
    const stub = () => objects.getByName(newId("ses"));
    const migrated = await runInDurableObject(stub(), async (_object, { storage }) => {
      await storage.deleteAll();
      await migrate(drizzle(storage), migrations);
      return schemaOf(storage);
    });
    for (let n = 0; n < 3; n++)
      expect(await runInDurableObject(stub(), (_object, { storage }) => schemaOf(storage))).toEqual(migrated);
    const rows = await runInDurableObject(stub(), async (_object, ctx) => {
      await ctx.storage.deleteAll();
      const cursors: { rowsWritten: number }[] = [];
      const exec = ctx.storage.sql.exec.bind(ctx.storage.sql);
      Object.defineProperty(ctx.storage.sql, "exec", {
        value: (...given: Parameters<typeof exec>) => {
          const cursor = exec(...given);
          cursors.push(cursor);
          return cursor;
        },
      });
      openDatabase(ctx, migrations);
      return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    });
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(MOST_ROWS);
  },
);
