import { and, desc, eq, inArray, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Task, TaskStatus } from "../../protocol/tasks.ts";
import { decodeCursor, encodeCursor } from "../db/cursor.ts";
import { tasks } from "../db/schema.ts";
import { taskOf } from "./taskStore.ts";

/** A page of a team's tasks, newest first. */
export async function listTasks(
  d1: D1Database,
  team: string,
  filter: { status?: TaskStatus[] | undefined; parent?: string | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: Task[]; next_cursor: string | null }> {
  const { status, parent } = filter;
  const rows = await drizzle(d1)
    .select()
    .from(tasks)
    .where(
      and(
        eq(tasks.team, team),
        status === undefined ? undefined : inArray(tasks.status, status),
        parent === undefined ? undefined : eq(tasks.parent, parent),
        page.cursor === undefined ? undefined : lt(tasks.id, decodeCursor(page.cursor)[1]),
      ),
    )
    .orderBy(desc(tasks.id))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return { items: items.map(taskOf), next_cursor: more ? encodeCursor(last.created_at, last.id) : null };
}
