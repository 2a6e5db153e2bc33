import { and, eq, inArray, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { JobNotice } from "../../protocol/jobs.ts";
import type { JobTokens } from "../../protocol/jobTokens.ts";
import type { RunNote } from "../../protocol/runs.ts";
import { runNotes, runs, runSteps } from "../db/schema.ts";
import { CACHE_AGE_MS, type KnownResult, remember } from "./runCache.ts";
import { stateAfter, statesBefore, type StepEvent } from "./stepMachine.ts";

export type RunRow = typeof runs.$inferSelect;
export type StepRow = typeof runSteps.$inferSelect;

export async function readRun(d1: D1Database, id: string): Promise<RunRow | null> {
  return (await drizzle(d1).select().from(runs).where(eq(runs.id, id)).get()) ?? null;
}

export async function readStep(d1: D1Database, run: string, key: string): Promise<StepRow | null> {
  const row = await drizzle(d1)
    .select()
    .from(runSteps)
    .where(and(eq(runSteps.run, run), eq(runSteps.key, key)))
    .get();
  return row ?? null;
}

/** Steps by their keys; those that there are. */
export async function readSteps(d1: D1Database, run: string, keys: string[]): Promise<Map<string, StepRow>> {
  if (keys.length === 0) return new Map();
  const rows = await drizzle(d1)
    .select()
    .from(runSteps)
    .where(
      and(
        eq(runSteps.run, run),
        sql`${runSteps.key} IN (SELECT value FROM json_each(${JSON.stringify(keys)}))`,
      ),
    );
  return new Map(rows.map((row) => [row.key, row]));
}

/** A step as it is first written. `known`: a result that the workflow has for it counts, and settles it at once. */
export type NewStep = Pick<
  StepRow,
  | "key"
  | "n"
  | "kind"
  | "label"
  | "phase"
  | "scope"
  | "after"
  | "retries"
  | "spec"
  | "status"
  | "at_once"
  | "error"
  | "ended_at"
> & { known: boolean };

const GIVEN = [
  "key",
  "n",
  "kind",
  "label",
  "phase",
  "scope",
  "after",
  "retries",
  "spec",
] as const satisfies readonly (keyof NewStep)[];
const OF_STEP = (name: keyof NewStep) => `json_extract(step.value, '$.${name}')`;
const UNLESS_KNOWN = (otherwise: string, known: string) =>
  `CASE WHEN cache.key IS NULL THEN ${otherwise} ELSE ${known} END`;
const INSERT = `INSERT INTO run_step (run, ${GIVEN.join(", ")}, status, at_once, cached, result, error, ended_at)
  SELECT ?1, ${GIVEN.map(OF_STEP).join(", ")},
    ${UNLESS_KNOWN(OF_STEP("status"), "'completed'")}, ${UNLESS_KNOWN(OF_STEP("at_once"), "1")},
    cache.key IS NOT NULL, cache.result, ${OF_STEP("error")}, ${UNLESS_KNOWN(OF_STEP("ended_at"), "?2")}
  FROM json_each(?3) AS step
  LEFT JOIN run_cache AS cache
    ON cache.team = ?4 AND cache.workflow = ?5 AND cache.key = ${OF_STEP("key")} AND cache.at > ?6 AND ${OF_STEP("known")}
  WHERE true ON CONFLICT DO NOTHING`;
/** Characters of JSON in one statement: D1 takes two million bytes, and a character has up to three. */
const CHUNK_CHARS = 512 * 1024;

/** Writes steps that are not there yet (`added`: some were not), and reads all of them; thousands in a few statements, and mostly in one round trip. */
export async function takeSteps(
  d1: D1Database,
  { id, team, workflow }: Pick<RunRow, "id" | "team" | "workflow">,
  steps: NewStep[],
): Promise<{ rows: Map<string, StepRow>; added: boolean }> {
  const now = Date.now();
  const rows = new Map<string, StepRow>();
  let added = false;
  for (const chunk of chunked(steps)) {
    const insert = d1
      .prepare(INSERT)
      .bind(id, now, JSON.stringify(chunk), team, workflow, now - CACHE_AGE_MS);
    const read = d1
      .prepare("SELECT * FROM run_step WHERE run = ? AND key IN (SELECT value FROM json_each(?))")
      .bind(id, JSON.stringify(chunk.map(({ key }) => key)));
    const [inserted, found] = await d1.batch<StepRow>([insert, read]);
    added ||= (inserted?.meta.changes ?? 0) > 0;
    for (const row of found?.results ?? []) rows.set(row.key, row);
  }
  return { rows, added };
}

function chunked(steps: NewStep[]): NewStep[][] {
  const chunks: NewStep[][] = [];
  let chars = Infinity;
  for (const step of steps) {
    const { length } = JSON.stringify(step);
    if (chars + length > CHUNK_CHARS) {
      chunks.push([]);
      chars = 0;
    }
    chunks.at(-1)?.push(step);
    chars += length;
  }
  return chunks;
}

/** Marks that a step begins, unless it has; the step as it is then. */
export async function beginStep(
  d1: D1Database,
  run: string,
  key: string,
  set: Pick<StepRow, "started_at" | "deadline" | "session">,
): Promise<StepRow | null> {
  const db = drizzle(d1);
  const isIt = and(eq(runSteps.run, run), eq(runSteps.key, key));
  const [, [step]] = await db.batch([
    db
      .update(runSteps)
      .set({ ...set, status: stateAfter("start") })
      .where(and(isIt, inArray(runSteps.status, statesBefore("start")))),
    db.select().from(runSteps).where(isIt),
  ]);
  return step ?? null;
}

/** What is to become of a step. `of`: only of this attempt and round. `spent`: tokens that it cost, counted for its run and the first of those that it is within. `known`: its result, for the next run of the same workflow. */
export type StepMove = {
  run: string;
  key: string;
  event: StepEvent;
  set: Partial<Omit<StepRow, "status">>;
  of?: { attempt: number; round: number };
  spent?: { of: Pick<RunRow, "id" | "root">; tokens: JobTokens };
  known?: KnownResult;
};

/**
 * Moves a step on, when it stands where the event leads on from. True when it did; what it cost is counted with it, and
 * once.
 */
export async function moveStep(d1: D1Database, move: StepMove): Promise<boolean> {
  const { run, key, event, set, of, spent, known } = move;
  const db = drizzle(d1);
  const tokens = spent?.tokens;
  const counted =
    tokens === undefined
      ? {}
      : {
          input_tokens: sql`${runSteps.input_tokens} + ${tokens.input}`,
          cached_tokens: sql`${runSteps.cached_tokens} + ${tokens.cached}`,
          output_tokens: sql`${runSteps.output_tokens} + ${tokens.output}`,
        };
  const moved = db
    .update(runSteps)
    .set({ ...set, ...counted, status: stateAfter(event) })
    .where(
      and(
        eq(runSteps.run, run),
        eq(runSteps.key, key),
        inArray(runSteps.status, statesBefore(event)),
        of === undefined ? undefined : eq(runSteps.attempt, of.attempt),
        of === undefined ? undefined : eq(runSteps.round, of.round),
      ),
    )
    .returning({ key: runSteps.key });
  // Each of these looks at what the one before it has changed.
  const follows = [
    ...(spent === undefined || tokensOf(spent.tokens) === 0
      ? []
      : [
          db
            .update(runs)
            .set({ spent: sql`${runs.spent} + ${tokensOf(spent.tokens)}` })
            .where(and(inArray(runs.id, [spent.of.id, spent.of.root]), sql`changes() > 0`)),
        ]),
    ...(known === undefined ? [] : remember(db, known)),
  ];
  const [rows] = await db.batch([moved, ...follows]);
  return rows.length > 0;
}

/**
 * Counts what an agent cost that was ended before it said its last: for the budgets, once (its round is over then), and
 * not for its step, whose script was told of it without.
 */
export async function countLate(
  d1: D1Database,
  { id, root }: Pick<RunRow, "id" | "root">,
  { key, session }: Pick<StepRow, "key" | "session">,
  { session: of, round, end }: Pick<JobNotice, "session" | "round" | "end">,
): Promise<void> {
  if (session !== of || tokensOf(end.tokens) === 0) return;
  const db = drizzle(d1);
  const ended = inArray(runSteps.status, ["skipped", "timed_out", "cancelled"]);
  await db.batch([
    db
      .update(runSteps)
      .set({ round: round + 1 })
      .where(and(eq(runSteps.run, id), eq(runSteps.key, key), ended, eq(runSteps.round, round))),
    db
      .update(runs)
      .set({ spent: sql`${runs.spent} + ${tokensOf(end.tokens)}` })
      .where(and(inArray(runs.id, [id, root]), sql`changes() > 0`)),
  ]);
}

/** What counts against a budget. */
export function tokensOf({ input, output }: Pick<JobTokens, "input" | "output">): number {
  return input + output;
}

/** Keeps what a script said; the same again changes nothing. */
export async function addNotes(d1: D1Database, run: string, notes: RunNote[]): Promise<void> {
  const db = drizzle(d1);
  const [first, ...rest] = notes.map((note) =>
    db
      .insert(runNotes)
      .values({ run, ...note })
      .onConflictDoNothing(),
  );
  if (first !== undefined) await db.batch([first, ...rest]);
}
