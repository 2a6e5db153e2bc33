import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { sessionName } from "../../durable-objects/shared/names.ts";
import { idAs } from "../../protocol/ids.ts";
import { tasks } from "../db/schema.ts";
import type { TaskRow } from "./taskLife.ts";

/** Characters of a result that the chat which asked for it is told; it can ask for the whole. */
const TOLD_CHARS = 8_000;

/** Tells the chat that asked for a task how that ended, if it wants to know: as one message, however often this is called. */
export async function tellParent(env: Env, row: TaskRow): Promise<void> {
  if (row.owed === 0 || row.parent === null) return;
  const message = {
    id: idAs("msg", row.session ?? row.id),
    text: messageOf(row),
    by: `subagent ${row.id}`,
    created_at: Date.now(),
  };
  // A chat that was deleted meanwhile refuses it; nobody is left who waits for it.
  await env.SESSION.getByName(sessionName(row.team, row.parent)).childEnded(row.id, message);
  await drizzle(env.DB).update(tasks).set({ owed: 0 }).where(eq(tasks.id, row.id));
}

function messageOf({ id, title, status, result, error }: TaskRow): string {
  const text = result ?? "";
  const more =
    text.length > TOLD_CHARS ? `\n… (${text.length - TOLD_CHARS} characters more: subagent_result)` : "";
  const why = error === null ? "" : `: ${error}`;
  return `Subagent “${title}” (${id}) ${status}${why}\n\n${text.slice(0, TOLD_CHARS)}${more}`.trim();
}
