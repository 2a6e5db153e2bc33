import { and, desc, eq, gt, lt, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono } from "hono";
import * as z from "zod";
import { newId, RunId } from "../../protocol/ids.ts";
import { RetryRun, StepDecision, type RunDetail, type RunStep } from "../../protocol/runs.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { decodeCursor, encodeCursor } from "../db/cursor.ts";
import { runNotes, runs, runSteps } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";
import { metaOf } from "../workflows/contract/metaOf.ts";
import { decideStep } from "../workflows/decideStep.ts";
import { endRun } from "../workflows/endRun.ts";
import { readResult } from "../workflows/keepResult.ts";
import { toRuns } from "../workflows/publishRun.ts";
import { placesOf, type Places } from "../workflows/placesOf.ts";
import { readRun, type RunRow, type StepRow } from "../workflows/runStore.ts";
import { startRun } from "../workflows/startRun.ts";
import { stepSpan } from "../workflows/stepSpan.ts";
import { isSettled } from "../workflows/stepMachine.ts";
import { tellRun } from "../workflows/tellRun.ts";

const ById = validate("param", z.object({ id: RunId }));
const ByStep = validate("param", z.object({ id: RunId, step: z.string().max(100) }));
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
  workflow: z.string().max(100).optional(),
});
const TracesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.coerce.number().int().min(0).default(0),
});
/** Characters of a prompt and a result that the list of steps carries. */
const PREVIEW_CHARS = 500;

/** `/api/runs`. */
export const runRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), validate("query", ListQuery), async (c) => {
    const { limit, cursor, workflow } = c.req.valid("query");
    const [at, id] = cursor === undefined ? [null, ""] : decodeCursor(cursor);
    const rows = await drizzle(c.env.DB)
      .select()
      .from(runs)
      .where(
        and(
          eq(runs.team, c.get("actor").team),
          workflow === undefined ? undefined : eq(runs.workflow, workflow),
          at === null
            ? undefined
            : or(lt(runs.created_at, at), and(eq(runs.created_at, at), lt(runs.id, id))),
        ),
      )
      .orderBy(desc(runs.created_at), desc(runs.id))
      .limit(limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const more = rows.length > limit && last !== undefined;
    return c.json({
      items: await toRuns(c.env.DB, page),
      next_cursor: more ? encodeCursor(last.created_at, last.id) : null,
    });
  })
  .get("/:id", requireRole("viewer"), ById, async (c) => {
    const row = await find(c.env.DB, c.get("actor").team, c.req.valid("param").id);
    const db = drizzle(c.env.DB);
    const [steps, notes] = await db.batch([
      db.select().from(runSteps).where(eq(runSteps.run, row.id)).orderBy(runSteps.n),
      db.select().from(runNotes).where(eq(runNotes.run, row.id)).orderBy(runNotes.n),
    ]);
    const [[run], places] = await Promise.all([toRuns(c.env.DB, [row]), placesOf(c.env.DB, steps)]);
    if (run === undefined) throw new Problem(404, "not_found", "No such run.");
    const detail: RunDetail = {
      run,
      phases: metaOf(row.script, row.workflow).meta.phases ?? [],
      args: JSON.parse(row.args),
      items: steps.map((step) => toStep(step, places)),
      notes: notes.map(({ n, at, kind, text }) => ({ n, at, kind, text })),
      source: row.script,
      result: row.result === null ? null : JSON.parse(row.result),
    };
    return c.json(detail);
  })
  .get("/:id/result", requireRole("viewer"), ById, async (c) => {
    const row = await find(c.env.DB, c.get("actor").team, c.req.valid("param").id);
    const result = await readResult(c.env, row);
    if (result === null) throw new Problem(404, "not_found", "The run has no result (yet).");
    return c.body(result, 200, { "content-type": "application/json" });
  })
  .get("/:id/traces", requireRole("viewer"), ById, validate("query", TracesQuery), async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const run = await find(c.env.DB, c.get("actor").team, c.req.valid("param").id);
    const rows = await drizzle(c.env.DB)
      .select()
      .from(runSteps)
      .where(and(eq(runSteps.run, run.id), gt(runSteps.n, cursor)))
      .orderBy(runSteps.n)
      .limit(limit);
    const last = rows.length < limit ? undefined : rows.at(-1);
    return c.json({
      items: rows.map((row) => stepSpan(run, row)),
      next_cursor: last === undefined ? null : String(last.n),
    });
  })
  .get("/:id/steps/:step", requireRole("viewer"), ByStep, async (c) => {
    const { id, step } = c.req.valid("param");
    const row = await find(c.env.DB, c.get("actor").team, id);
    const found = await drizzle(c.env.DB)
      .select()
      .from(runSteps)
      .where(and(eq(runSteps.run, row.id), eq(runSteps.key, step)))
      .get();
    if (found === undefined) throw new Problem(404, "not_found", "The run has no such step.");
    const result = await readResult(c.env, found);
    return c.json({
      step: toStep(found, await placesOf(c.env.DB, [found])),
      spec: JSON.parse(found.spec) as unknown,
      result: result === null ? null : (JSON.parse(result) as unknown),
    });
  })
  .post("/:id/steps/:step", requireRole("operator"), ByStep, validate("json", StepDecision), async (c) => {
    const { id, step } = c.req.valid("param");
    const row = await find(c.env.DB, c.get("actor").team, id);
    const decision = c.req.valid("json");
    const refused = await decideStep(c.env, row, step, decision, c.get("actor").id);
    if (refused !== null) throw new Problem(409, "too_late", refused);
    await note(c.env.DB, c.get("actor"), `run.${decision.type}`, id, step);
    return c.body(null, 204);
  })
  .post("/:id/cancel", requireRole("operator"), ById, async (c) => {
    const actor = c.get("actor");
    const row = await find(c.env.DB, actor.team, c.req.valid("param").id);
    if (row.status === "queued" || row.status === "running") {
      await endRun(c.env, row.id, { status: "cancelled", by: actor.id });
      await tellRun(c.env, row.id, {});
      await note(c.env.DB, actor, "run.cancel", row.id);
    }
    return c.body(null, 204);
  })
  .post("/:id/retry", requireRole("operator"), ById, validate("json", RetryRun), async (c) => {
    const actor = c.get("actor");
    const row = await find(c.env.DB, actor.team, c.req.valid("param").id);
    const { id = newId("run"), from } = c.req.valid("json");
    const steps = await drizzle(c.env.DB)
      .select({ key: runSteps.key, n: runSteps.n })
      .from(runSteps)
      .where(eq(runSteps.run, row.id));
    const first = from === undefined ? null : steps.find(({ key }) => key === from);
    if (first === undefined) throw new Problem(404, "not_found", "The run has no such step.");
    await startRun(c.env, {
      id,
      team: actor.team,
      workflow: row.workflow,
      title: row.title,
      script: row.script,
      args: JSON.parse(row.args),
      defaults: JSON.parse(row.defaults),
      fresh: false,
      again: first === null ? [] : steps.filter(({ n }) => n >= first.n).map(({ key }) => key),
      budget: row.budget,
      parent: null,
      by: actor.id,
    });
    await note(c.env.DB, actor, "run.retry", id, row.id);
    return c.json(await shown(c.env.DB, actor.team, id), 201);
  });

/** A run as lists show it. */
export async function shown(d1: D1Database, team: string, id: string) {
  const [run] = await toRuns(d1, [await find(d1, team, id)]);
  if (run === undefined) throw new Problem(404, "not_found", "No such run.");
  return run;
}

async function find(d1: D1Database, team: string, id: string): Promise<RunRow> {
  const row = await readRun(d1, id);
  if (row === null || row.team !== team) throw new Problem(404, "not_found", "No such run.");
  return row;
}

const PromptOf = z.object({ prompt: z.string() }).transform(({ prompt }) => prompt);
const QuestionOf = z.object({ question: z.string() }).transform(({ question }) => question);
const NameOf = z.object({ name: z.string() }).transform(({ name }) => name);
const Words = z.union([PromptOf, QuestionOf, NameOf]);

function toStep(row: StepRow, places: Places): RunStep {
  const { key, n, kind, label, phase, status, session, attempt, error, started_at, ended_at } = row;
  return {
    key,
    n,
    kind,
    label,
    phase,
    status,
    prompt: Words.parse(JSON.parse(row.spec)).slice(0, PREVIEW_CHARS),
    session,
    attempt,
    cached: row.cached === 1,
    error: isSettled(status) || error === null ? error : `Tried again: ${error}`,
    tokens: { input: row.input_tokens, cached: row.cached_tokens, output: row.output_tokens },
    preview: row.result?.slice(0, PREVIEW_CHARS) ?? null,
    started_at,
    ended_at,
    scope: row.scope,
    ...(row.after === null ? {} : { after: JSON.parse(row.after) }),
    ...places.get(session ?? ""),
  };
}
