import { and, eq, inArray, isNotNull, isNull, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { HubChange } from "../../protocol/hubFrames.ts";
import { approvals, hosts, runs, sessions, tasks } from "../../worker/db/schema.ts";
import { toRuns } from "../../worker/workflows/publishRun.ts";
import { IS_ACTIVE, IS_QUEUED, taskOf } from "../../worker/tasks/taskStore.ts";

/** What D1 knows of a team: a hub that has lost its copy begins with it. */
export async function readIndex(d1: D1Database, team: string): Promise<HubChange[]> {
  const db = drizzle(d1);
  const [hostRows, sessionRows, approvalRows, taskRows, runRows] = await Promise.all([
    db
      .select({ json: hosts.json })
      .from(hosts)
      .where(and(eq(hosts.team, team), isNull(hosts.removed_at), isNotNull(hosts.json))),
    db.select({ json: sessions.json }).from(sessions).where(eq(sessions.team, team)),
    db
      .select({ json: approvals.json })
      .from(approvals)
      .where(and(eq(approvals.team, team), eq(approvals.status, "pending"))),
    db
      .select()
      .from(tasks)
      .where(and(eq(tasks.team, team), or(IS_QUEUED, IS_ACTIVE))),
    db
      .select()
      .from(runs)
      .where(and(eq(runs.team, team), inArray(runs.status, ["queued", "running"]))),
  ]);
  const openRuns = await toRuns(d1, runRows);
  return [
    ...hostRows.map((row): HubChange => ({ kind: "host", host: JSON.parse(row.json ?? "null") })),
    ...sessionRows.map((row): HubChange => ({ kind: "session", session: JSON.parse(row.json) })),
    ...approvalRows.map((row): HubChange => ({ kind: "approval", approval: JSON.parse(row.json) })),
    ...taskRows.map((row): HubChange => ({ kind: "task", task: taskOf(row) })),
    ...openRuns.map((run): HubChange => ({ kind: "run", run })),
  ];
}
