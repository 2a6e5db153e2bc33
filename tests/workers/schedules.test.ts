import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test } from "vitest";
import migrations from "../../durable-objects/clock/migrations/migrations.js";
import { Schedules } from "../../durable-objects/clock/Schedules.ts";
import type { Started } from "../../worker/work/startWork.ts";
import { call } from "./support/edge.ts";
import { openDatabase } from "../../durable-objects/shared/database.ts";
import { DEFAULT_TEAM, newId } from "../../protocol/ids.ts";
import type { Execution, NewSchedule, Schedule } from "../../protocol/schedules.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 2, 1);

const HOURLY: NewSchedule = {
  name: "hourly",
  when: { kind: "cron", cron: "0 * * * *", time_zone: "UTC" },
  work: { kind: "message", session: newId("ses"), text: "go on" },
  catch_up: "one",
  overlap: "skip",
  paused: false,
};

type Rig = {
  schedules: Schedules;
  /** A clock object that has died and is there again, over the same rows. */
  again: () => Schedules;
  clock: { now: number };
  /** What was started, by the execution's id; a start that comes again is counted. */
  started: Map<string, number>;
  over: Set<string>;
  start: { how: (execution: Execution) => Promise<Started> };
  woken: () => number;
};

/** Schedules in an object of their own, with a clock that the test moves. */
function rig(work: (rig: Rig) => Promise<void>): Promise<void> {
  return runInDurableObject(env.CLOCK.getByName(crypto.randomUUID()), async (_, ctx) => {
    const db = openDatabase(ctx, migrations);
    const clock = { now: START };
    const started = new Map<string, number>();
    const over = new Set<string>();
    let wake = Number.MAX_SAFE_INTEGER;
    const start: Rig["start"] = {
      how: async ({ id }) => {
        started.set(id, (started.get(id) ?? 0) + 1);
        return { ok: true, work: { kind: "task", id } };
      },
    };
    const again = () =>
      new Schedules({
        db,
        storage: ctx.storage,
        team: "main",
        start: (execution) => start.how(execution),
        isOver: async ({ id }) => over.has(id),
        wakeAt: (at) => {
          wake = Math.min(wake, at);
        },
        now: () => clock.now,
        changed: () => undefined,
      });
    const woken = () => {
      const at = wake;
      wake = Number.MAX_SAFE_INTEGER;
      return at;
    };
    await work({ schedules: again(), again, clock, started, over, start, woken });
  });
}

function made(answer: Schedule | { refused: string; message: string }): Schedule {
  if ("refused" in answer) throw new Error(answer.message);
  return answer;
}

describe("schedules", () => {
  test("do their work at their times, wake for the next one, and tell their history", async ({ expect }) => {
    await rig(async ({ schedules, clock, started, over, woken }) => {
      const { id, next_at } = made(schedules.create(newId("sch"), HOURLY, "owner"));
      expect(next_at).toBe(START + HOUR);
      expect(woken()).toBe(START + HOUR);
      for (let hour = 1; hour <= 3; hour++) {
        clock.now = START + hour * HOUR;
        await schedules.tick();
        expect(woken()).toBe(clock.now + HOUR);
        for (const each of started.keys()) over.add(each);
      }
      expect([...started.values()]).toEqual([1, 1, 1]);
      const told = schedules.executions(id, null, 10);
      expect(told.map(({ due_at, state }) => [due_at - START, state])).toEqual([
        [3 * HOUR, "started"],
        [2 * HOUR, "started"],
        [HOUR, "started"],
      ]);
      expect(schedules.executions(id, told[0]?.id ?? null, 1)).toEqual([told[1]]);
      expect(schedules.get(id)?.last).toEqual(told[0]);
    });
  });

  test("that died between storing an execution and starting it start it by the same id", async ({
    expect,
  }) => {
    await rig(async ({ schedules, again, clock, started, start }) => {
      made(schedules.create(newId("sch"), HOURLY, "owner"));
      clock.now = START + HOUR;
      const whole = start.how;
      const tried: string[] = [];
      start.how = async ({ id }) => {
        tried.push(id);
        throw new Error("the object dies here");
      };
      await schedules.tick();
      start.how = whole;
      clock.now += 1_000;
      await again().tick();
      await again().tick();
      expect([...started]).toEqual([[tried[0], 1]]);
    });
  });

  test("give up a start that never succeeds, and say so; one that cannot succeed at once", async ({
    expect,
  }) => {
    await rig(async ({ schedules, clock, start, woken }) => {
      const { id } = made(schedules.create(newId("sch"), HOURLY, "owner"));
      let tries = 0;
      start.how = async () => {
        tries++;
        throw new Error("not now");
      };
      clock.now = START + HOUR;
      for (let look = 0; look < 20; look++) {
        await schedules.tick();
        clock.now = Math.min(woken(), START + 2 * HOUR - 1);
      }
      expect(tries).toBe(8);
      expect(schedules.get(id)?.last).toMatchObject({ state: "failed", due_at: START + HOUR });
      start.how = async () => ({ ok: false, message: "There is no such session." });
      clock.now = START + 2 * HOUR;
      await schedules.tick();
      expect(schedules.get(id)?.last).toMatchObject({ state: "failed", error: "There is no such session." });
    });
  });

  test("let an execution wait for the one before it, and go when that has ended", async ({ expect }) => {
    await rig(async ({ schedules, clock, started, over, woken }) => {
      made(schedules.create(newId("sch"), { ...HOURLY, overlap: "queue" }, "owner"));
      clock.now = START + HOUR;
      await schedules.tick();
      clock.now = START + 2 * HOUR;
      await schedules.tick();
      expect(started.size).toBe(1);
      woken();
      clock.now += 10_000;
      await schedules.tick();
      expect(started.size).toBe(1);
      expect(woken()).toBe(clock.now + 10_000);
      for (const id of started.keys()) over.add(id);
      clock.now += 10_000;
      await schedules.tick();
      expect(started.size).toBe(2);
      expect(woken()).toBe(START + 3 * HOUR);
    });
  });

  test("skip a time while the work still runs", async ({ expect }) => {
    await rig(async ({ schedules, clock, started }) => {
      const { id } = made(schedules.create(newId("sch"), HOURLY, "owner"));
      for (const hour of [1, 2, 3]) {
        clock.now = START + hour * HOUR;
        await schedules.tick();
      }
      expect(started.size).toBe(1);
      expect(schedules.executions(id, null, 10).map(({ state }) => state)).toEqual([
        "skipped",
        "skipped",
        "started",
      ]);
    });
  });

  test("run by hand at once, once per request, also while paused and beside what runs", async ({
    expect,
  }) => {
    await rig(async ({ schedules, clock, started }) => {
      const { id } = made(schedules.create(newId("sch"), { ...HOURLY, paused: true }, "owner"));
      const wish = newId("exe");
      schedules.runNow(id, wish, "owner");
      schedules.runNow(id, wish, "owner");
      await schedules.tick();
      schedules.runNow(id, wish, "owner");
      schedules.runNow(id, newId("exe"), "owner");
      await schedules.tick();
      expect([...started.values()]).toEqual([1, 1]);
      clock.now = START + 10 * HOUR;
      await schedules.tick();
      expect(started.size).toBe(2);
    });
  });

  test("go on after a pause with the next time, and catch nothing up", async ({ expect }) => {
    await rig(async ({ schedules, clock, started }) => {
      const { id, version } = made(schedules.create(newId("sch"), HOURLY, "owner"));
      expect(made(schedules.change(id, { paused: true, version })).next_at).toBeNull();
      clock.now = START + 5 * HOUR + MINUTE;
      await schedules.tick();
      expect(made(schedules.change(id, { paused: false })).next_at).toBe(START + 6 * HOUR);
      expect(started.size).toBe(0);
      expect(schedules.change(id, { name: "other", version })).toMatchObject({ refused: "changed" });
      expect(made(schedules.change(id, { name: "other" })).next_at).toBe(START + 6 * HOUR);
      expect(schedules.change(id, { when: { kind: "once", at: START } })).toMatchObject({
        refused: "invalid",
      });
    });
  });

  test("removed while their work is being started start nothing more", async ({ expect }) => {
    await rig(async ({ schedules, clock, started, start }) => {
      const { id } = made(schedules.create(newId("sch"), HOURLY, "owner"));
      const whole = start.how;
      start.how = async (execution) => {
        schedules.remove(id);
        return whole(execution);
      };
      clock.now = START + HOUR;
      await schedules.tick();
      clock.now = START + 9 * HOUR;
      await schedules.tick();
      expect(started.size).toBe(1);
      expect(schedules.list()).toEqual([]);
      expect(schedules.executions(id, null, 10)).toEqual([]);
    });
  });

  test("keep the newest of their history", async ({ expect }) => {
    await rig(async ({ schedules, clock, started, over }) => {
      const { id } = made(
        schedules.create(
          newId("sch"),
          { ...HOURLY, when: { ...HOURLY.when, cron: "* * * * *" } as never },
          "owner",
        ),
      );
      for (let minute = 1; minute <= 210; minute++) {
        clock.now = START + minute * MINUTE;
        await schedules.tick();
        for (const each of started.keys()) over.add(each);
      }
      const told = schedules.executions(id, null, 1_000);
      expect(told).toHaveLength(200);
      expect(told[0]?.due_at).toBe(clock.now);
    });
  });
});

describe("the API of schedules", () => {
  async function aChat(): Promise<string> {
    const made = await call("/api/sessions", { body: { provider: "edge" } });
    return (await made.json<{ id: string }>()).id;
  }

  /** What was said to a chat, as often as it was. */
  async function said(chat: string): Promise<string[]> {
    const page = await call(`/api/sessions/${chat}/events?after=0`);
    const { items } = await page.json<{ items: { type: string; item?: { kind: string; text: string } }[] }>();
    return items.flatMap(({ item }) => (item?.kind === "user_message" ? [item.text] : []));
  }

  test("makes a schedule that says its next times, runs it by hand, tells its history and removes it", async ({
    expect,
  }) => {
    const session = await aChat();
    const work = { kind: "message", session, text: "What is new?" };
    const when = { kind: "cron", cron: "30 9 * * MON-FRI", time_zone: "Europe/Berlin" };
    const times = await call("/api/schedules/times", { body: when });
    const next = await times.json<{ items: number[] }>();
    expect(next.items).toHaveLength(5);
    const id = newId("sch");
    for (let again = 0; again < 2; again++) {
      const made = await call("/api/schedules", { body: { id, name: "morning", when, work } });
      expect(made.status).toBe(201);
      expect(await made.json()).toMatchObject({
        id,
        next_at: next.items[0],
        overlap: "skip",
        catch_up: "one",
      });
    }
    const execution = newId("exe");
    for (let again = 0; again < 2; again++) {
      const run = await call(`/api/schedules/${id}/run`, { body: { id: execution } });
      expect(run.status).toBe(202);
      await runDurableObjectAlarm(env.CLOCK.getByName(DEFAULT_TEAM));
    }
    await expect.poll(() => said(session)).toEqual(["What is new?"]);
    const history = async () => (await call(`/api/schedules/${id}/executions`)).json();
    await expect.poll(history).toMatchObject({
      items: [{ id: execution, cause: "manual", state: "started", work: { kind: "message", id: session } }],
      next_cursor: null,
    });
    const listed = await (await call("/api/schedules")).json<{ items: Schedule[] }>();
    expect(listed.items.find((each) => each.id === id)?.last?.id).toBe(execution);
    expect((await call(`/api/schedules/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await call(`/api/schedules/${id}`)).status).toBe(404);
  });

  test("says what is wrong", async ({ expect }) => {
    const work = { kind: "message", session: newId("ses"), text: "go on" };
    const refused = async (when: object, body: object = {}) => {
      const answer = await call("/api/schedules", { body: { name: "x", when, work, ...body } });
      return [answer.status, (await answer.json<{ error: { message: string } }>()).error.message];
    };
    expect(await refused({ kind: "cron", cron: "every day", time_zone: "UTC" })).toEqual([
      400,
      expect.stringContaining("not a cron expression"),
    ]);
    expect(await refused({ kind: "once", at: 1 })).toEqual([400, "This time has passed."]);
    expect(await refused({ kind: "cron", cron: "0 9 * * *", time_zone: "Berlin" })).toEqual([
      400,
      "There is no time zone Berlin.",
    ]);
    expect((await refused({ kind: "cron", cron: "@daily", time_zone: "UTC" }, { name: "" }))[0]).toBe(400);
    expect((await call(`/api/schedules/${newId("sch")}/run`, { body: {} })).status).toBe(404);
    expect((await call("/api/schedules", { token: null })).status).toBe(401);
  });

  test("a schedule whose session is gone says so in its history", async ({ expect }) => {
    const id = newId("sch");
    const work = { kind: "message", session: newId("ses"), text: "go on" };
    const when = { kind: "cron", cron: "@daily", time_zone: "UTC" };
    await call("/api/schedules", { body: { id, name: "x", when, work } });
    await call(`/api/schedules/${id}/run`, { body: {} });
    await runDurableObjectAlarm(env.CLOCK.getByName(DEFAULT_TEAM));
    const last = async () => (await (await call(`/api/schedules/${id}`)).json<Schedule>()).last;
    await expect.poll(last).toMatchObject({ state: "failed", error: "Its session is not there any more." });
  });
});
