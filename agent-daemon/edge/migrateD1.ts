import type { EdgeManifest } from "./edgeManifest.ts";

/** What is used of a D1 database. */
export type MigratableDatabase<Statement> = {
  prepare(sql: string): Statement & {
    bind(...values: unknown[]): Statement;
    all(): Promise<{ results: Record<string, unknown>[] }>;
    run(): Promise<unknown>;
  };
  /** Runs statements in one transaction. */
  batch(statements: Statement[]): Promise<unknown>;
};

/**
 * Applies the migrations that are not applied yet and gives back their names. The table is wrangler's, so that both
 * may be used on the same database. Each migration and the note of it are one transaction: a crash leaves none half done.
 */
export async function migrateD1<Statement>(
  db: MigratableDatabase<Statement>,
  migrations: EdgeManifest["migrations"],
): Promise<string[]> {
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         name TEXT UNIQUE,
         applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
       )`,
    )
    .run();
  const { results } = await db.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map((row) => row["name"]));
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const { name, statements } of pending) {
    await db.batch([
      ...statements.map((sql) => db.prepare(sql)),
      db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
  return pending.map(({ name }) => name);
}
