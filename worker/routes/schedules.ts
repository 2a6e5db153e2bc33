import { Hono, type Context } from "hono";
import * as z from "zod";
import { nextTimes, problemOf } from "../../durable-objects/clock/nextTime.ts";
import { clockName } from "../../durable-objects/shared/names.ts";
import { ExecutionId, newId, ScheduleId } from "../../protocol/ids.ts";
import {
  type Execution,
  type NextTimes,
  PostSchedule,
  RunSchedule,
  type Schedule,
  ScheduleChange,
  When,
} from "../../protocol/schedules.ts";
import type { Work } from "../../protocol/work.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import type { App } from "../env.ts";
import { orProblem, Problem } from "../problem.ts";
import { validate } from "../validate.ts";
import { problemOfArgs } from "../work/problemOfArgs.ts";

const ById = validate("param", z.object({ id: ScheduleId }));
const HistoryQuery = z.object({
  cursor: ExecutionId.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
/** Times that are shown of an expression. */
const TIMES_SHOWN = 5;

/** `/api/schedules`: work that begins by the clock. */
export const scheduleRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), async (c) =>
    c.json({ items: await clockOf(c).listSchedules(), next_cursor: null }),
  )
  .post("/", requireRole("operator"), validate("json", PostSchedule), async (c) => {
    const { id = newId("sch"), ...fresh } = c.req.valid("json");
    await refuseMisfit(c, fresh.work);
    const made = orProblem<Schedule>(await clockOf(c).createSchedule(id, fresh, c.get("actor").id));
    await note(c.env.DB, c.get("actor"), "schedule.create", id, `${made.name}: ${made.work.kind}`);
    return c.json(made, 201);
  })
  /** When an expression is due next, before anybody saves it. */
  .post("/times", requireRole("viewer"), validate("json", When), (c) => {
    const when = c.req.valid("json");
    const now = Date.now();
    const problem = problemOf(when, now);
    if (problem !== null) throw new Problem(400, "invalid", problem);
    return c.json({ items: nextTimes(when, now, TIMES_SHOWN) } satisfies NextTimes);
  })
  .get("/:id", requireRole("viewer"), ById, async (c) => {
    const found = await clockOf(c).schedule(c.req.valid("param").id);
    if (found === null) throw new Problem(404, "not_found", "There is no such schedule (any more).");
    return c.json(found);
  })
  .patch("/:id", requireRole("operator"), ById, validate("json", ScheduleChange), async (c) => {
    const { id } = c.req.valid("param");
    const change = c.req.valid("json");
    await refuseMisfit(c, change.work);
    const changed = orProblem<Schedule>(await clockOf(c).changeSchedule(id, change));
    await note(c.env.DB, c.get("actor"), "schedule.change", id, Object.keys(change).join(" "));
    return c.json(changed);
  })
  .delete("/:id", requireRole("operator"), ById, async (c) => {
    const { id } = c.req.valid("param");
    if (await clockOf(c).removeSchedule(id)) await note(c.env.DB, c.get("actor"), "schedule.remove", id);
    return c.body(null, 204);
  })
  .post("/:id/run", requireRole("operator"), ById, validate("json", RunSchedule), async (c) => {
    const { id } = c.req.valid("param");
    const { id: execution = newId("exe") } = c.req.valid("json");
    const actor = c.get("actor");
    const begun = orProblem<Execution>(await clockOf(c).runSchedule(id, execution, actor.id));
    await note(c.env.DB, actor, "schedule.run", id);
    return c.json(begun, 202);
  })
  .get("/:id/executions", requireRole("viewer"), ById, validate("query", HistoryQuery), async (c) => {
    const { cursor = null, limit } = c.req.valid("query");
    const items = await clockOf(c).executions(c.req.valid("param").id, cursor, limit);
    return c.json({ items, next_cursor: items.length < limit ? null : (items.at(-1)?.id ?? null) });
  });

/** Arguments that the workflow does not take now are refused before anything is due. */
async function refuseMisfit(c: Context<App>, work: Work | undefined): Promise<void> {
  const misfit = await problemOfArgs(c.env, c.get("actor").team, work);
  if (misfit !== null) throw new Problem(400, "invalid_args", misfit);
}

function clockOf(c: Context<App>) {
  return c.env.CLOCK.getByName(clockName(c.get("actor").team));
}
