import { Hono, type Context } from "hono";
import * as z from "zod";
import { SessionId, TaskId } from "../../protocol/ids.ts";
import { NewTask, type WholeTask } from "../../protocol/taskApi.ts";
import { type Task, TaskStatus } from "../../protocol/tasks.ts";
import { clockName } from "../../durable-objects/shared/names.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { addTask } from "../tasks/addTask.ts";
import { cancelTask } from "../tasks/cancelTask.ts";
import { listTasks } from "../tasks/listTasks.ts";
import { settleTask } from "../tasks/settleTask.ts";
import { retried, type TaskRow } from "../tasks/taskLife.ts";
import { changeTask, readResult, readTask, specOf, taskOf } from "../tasks/taskStore.ts";
import { validate } from "../validate.ts";

const ById = validate("param", z.object({ id: TaskId }));
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
  status: z
    .string()
    .transform((text) => text.split(",").filter(Boolean))
    .pipe(z.array(TaskStatus).max(10))
    .optional(),
  parent: SessionId.optional(),
});

/** `/api/tasks`: work for background subagents. */
export const taskRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), validate("query", ListQuery), async (c) => {
    const { limit, cursor, ...filter } = c.req.valid("query");
    return c.json(await listTasks(c.env.DB, c.get("actor").team, filter, { limit, cursor }));
  })
  .post("/", requireRole("operator"), validate("json", NewTask), async (c) => {
    const actor = c.get("actor");
    const row = await addTask(c.env, c.req.valid("json"), { team: actor.team, by: actor.id });
    if (row === null) throw new Problem(409, "id_taken", "The id names something else already.");
    await note(c.env.DB, actor, "task.add", row.id, row.title);
    return c.json(taskOf(row), 201);
  })
  .get("/:id", requireRole("viewer"), ById, async (c) => {
    const row = await found(c, c.req.valid("param").id);
    const result = await readResult(c.env, row);
    return c.json({ ...taskOf(row), spec: specOf(row), result } satisfies WholeTask);
  })
  .post("/:id/cancel", requireRole("operator"), ById, async (c) => {
    const { id } = c.req.valid("param");
    const actor = c.get("actor");
    await found(c, id);
    const row = await cancelTask(c.env, actor.team, id, actor.id);
    await note(c.env.DB, actor, "task.cancel", id);
    return c.json(shown(row));
  })
  /** From the beginning, in a new session; of one that is dead: into the queue again. */
  .post("/:id/retry", requireRole("operator"), ById, async (c) => {
    const { id } = c.req.valid("param");
    const actor = c.get("actor");
    await found(c, id);
    await c.env.CLOCK.getByName(clockName(actor.team)).watchTasks();
    const row = await changeTask(c.env, { team: actor.team, id }, retried);
    if (row === null) throw new Problem(409, "not_over", "The task is not over; cancel it first.");
    await settleTask(c.env, row);
    await note(c.env.DB, actor, "task.retry", id);
    return c.json(shown(row));
  });

async function found(c: Context<App>, id: string): Promise<TaskRow> {
  const row = await readTask(c.env, c.get("actor").team, id);
  if (row === null) throw new Problem(404, "not_found", "There is no such task.");
  return row;
}

function shown(row: TaskRow | null): Task {
  if (row === null) throw new Problem(404, "not_found", "There is no such task.");
  return taskOf(row);
}
