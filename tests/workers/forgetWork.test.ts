import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { expect, test, vi } from "vitest";
import { DEFAULT_TEAM, newId } from "../../protocol/ids.ts";
import { runNotes, runs, runSteps, tasks } from "../../worker/db/schema.ts";
import { FORGOTTEN_AT_ONCE, forgetWork, KEEP_WORK_MS } from "../../worker/work/forgetWork.ts";
import { call } from "./support/edge.ts";
import { query } from "./support/faults.ts";
import { detail, runToEnd, save, start } from "./support/runs.ts";

const db = drizzle(env.DB);
const LONG_AGO = Date.now() - KEEP_WORK_MS - 1_000;
const team = DEFAULT_TEAM;

/** Tasks as they stand in the index. */
async function addTasks(count: number, of: Partial<typeof tasks.$inferInsert>): Promise<string[]> {
  const spec = JSON.stringify({ provider: "edge", prompt: "say hello" });
  const base = { team, status: "completed", title: "old", spec, by: "owner", most_tries: 1 } as const;
  const rows = Array.from({ length: count }, () => ({
    ...base,
    id: newId("tsk"),
    created_at: LONG_AGO,
    ended_at: LONG_AGO,
    ...of,
  }));
  for (const row of rows) await db.insert(tasks).values(row);
  return rows.map(({ id }) => id);
}

async function tasksLeft(ids: string[]): Promise<number> {
  return (await db.select({ id: tasks.id }).from(tasks).where(inArray(tasks.id, ids))).length;
}

/** It was so, long ago. */
async function makeOld(root: string): Promise<void> {
  await db.update(runs).set({ created_at: LONG_AGO }).where(eq(runs.root, root));
  const ended = { ended_at: LONG_AGO };
  const over = (await db.select().from(runs).where(eq(runs.root, root))).filter(
    (run) => run.ended_at !== null,
  );
  for (const { id } of over) await db.update(runs).set(ended).where(eq(runs.id, id));
}

async function rowsOf(id: string): Promise<number[]> {
  const [run, steps, notes] = await db.batch([
    db.select().from(runs).where(eq(runs.id, id)),
    db.select().from(runSteps).where(eq(runSteps.run, id)),
    db.select().from(runNotes).where(eq(runNotes.run, id)),
  ]);
  return [run.length, steps.length, notes.length];
}

test("tasks go when they have been over for long, a batch at a time; what runs, is new or was not told yet stays", async () => {
  await env.BLOBS.put("job-texts/of-a-task", "all that it said");
  const [withBlob] = await addTasks(1, { blob: "job-texts/of-a-task" });
  const many = await addTasks(FORGOTTEN_AT_ONCE.tasks, {});
  const stays = [
    ...(await addTasks(1, { status: "running", ended_at: null })),
    ...(await addTasks(1, { ended_at: Date.now() })),
    ...(await addTasks(1, { owed: 1, parent: newId("ses") })),
    ...(await addTasks(1, { team: "another" })),
  ];
  expect(await forgetWork(env, team)).toEqual({ more: true, left: true });
  expect(await forgetWork(env, team)).toEqual({ more: false, left: true });
  expect(await tasksLeft([...many, withBlob ?? ""].slice(0, 90))).toBe(0);
  expect(await env.BLOBS.head("job-texts/of-a-task")).toBeNull();
  expect(await tasksLeft(stays)).toBe(stays.length);
  // Longer, when the deployment says so.
  const [kept = ""] = await addTasks(1, {});
  await forgetWork({ ...env, SIGNALBOX_KEEP_WORK: "60d" }, team);
  expect(await tasksLeft([kept])).toBe(1);
  await forgetWork({ ...env, SIGNALBOX_KEEP_WORK: "a while" }, team);
  expect(await tasksLeft([kept])).toBe(0);
  await db.delete(tasks).where(inArray(tasks.id, stays));
});

test("a run goes with its steps, its words and its blobs, and those within it; not while one of them runs", async () => {
  await save("within", "log('within'); return 'x'.repeat(70000);");
  await save("around", "const text = await workflow('within'); await approve('Go on?'); return text.length;");
  const { run: fresh } = await runToEnd("within");
  const id = await start("around");
  const child = await vi.waitUntil(async () => {
    const { items } = await detail(id);
    return items.length === 2 && items[0]?.session;
  }, 20_000);
  const blob = `runs/${team}/${child}/result`;
  await makeOld(id);
  await forgetWork(env, team);
  expect([await rowsOf(id), await rowsOf(child)]).toEqual([
    [1, 2, 0],
    [1, 0, 1],
  ]);
  expect(await env.BLOBS.head(blob)).not.toBeNull();

  expect((await call(`/api/runs/${id}/cancel`, { method: "POST" })).status).toBe(204);
  await makeOld(id);
  await forgetWork(env, team);
  expect([await rowsOf(id), await rowsOf(child)]).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(await env.BLOBS.head(blob)).toBeNull();
  expect((await call(`/api/runs/${id}`)).status).toBe(404);
  // What ended just now stays.
  expect((await call(`/api/runs/${fresh.id}`)).status).toBe(200);
});

test("the team's clock looks by itself, again soon while there is more, and once a day as long as there is anything", async () => {
  const clock = env.CLOCK.getByName(team);
  const due = async () =>
    Number((await query(clock, "SELECT at FROM alarm WHERE name = 'forget'"))[0]?.["at"]);
  const look = async () => {
    await query(clock, "UPDATE alarm SET at = 1 WHERE name = 'forget'");
    await runDurableObjectAlarm(clock);
  };
  const many = await addTasks(FORGOTTEN_AT_ONCE.tasks + 1, {});
  await clock.watchTasks();
  expect(await due()).toBeGreaterThan(Date.now() + 60_000);
  await look();
  expect(await due()).toBeLessThan(Date.now() + 60_000);
  await look();
  expect(await tasksLeft(many.slice(-90))).toBe(0);
  expect(await due()).toBeGreaterThan(Date.now() + 60_000);
});
