import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { describe, test } from "vitest";
import { Alarms } from "../../durable-objects/shared/alarms.ts";
import { openDatabase } from "../../durable-objects/shared/database.ts";
import { alarms as table } from "../../durable-objects/shared/tables.ts";
import migrations from "../../durable-objects/session/migrations/migrations.js";
import { newId } from "../../protocol/ids.ts";

type Name = "one" | "two";

/** Runs `work` over the alarms of a fresh object; `calls` is what the handlers did. */
function withAlarms(
  work: (
    parts: {
      make: () => Alarms<Name>;
      calls: string[];
      act: { [name in Name]?: (alarms: Alarms<Name>) => Promise<void> | void };
      row: (name: Name) => { at: number; failures: number } | undefined;
      platform: () => Promise<number | null>;
      rollBack: (step: () => void) => void;
    },
    now: number,
  ) => Promise<void>,
): Promise<void> {
  const stub = env.SESSION.getByName(`main/${newId("ses")}`);
  return runInDurableObject(stub, (_, ctx) => {
    const db = openDatabase(ctx, migrations);
    const calls: string[] = [];
    const act: { [name in Name]?: (alarms: Alarms<Name>) => Promise<void> | void } = {};
    const make = () => {
      const run = (name: Name) => async () => {
        calls.push(name);
        await act[name]?.(alarms);
      };
      const alarms: Alarms<Name> = new Alarms(db, ctx.storage, { one: run("one"), two: run("two") });
      return alarms;
    };
    const row = (name: Name) => db.select().from(table).where(eq(table.name, name)).get();
    const rollBack = (step: () => void) => {
      try {
        ctx.storage.transactionSync(() => {
          step();
          throw new Error("rolled back");
        });
      } catch {
        // as intended
      }
    };
    const now = Date.now() + 3_600_000; // later than any real alarm of this test
    return work({ make, calls, act, row, platform: () => ctx.storage.getAlarm(), rollBack }, now);
  });
}

describe("alarms", () => {
  test("run when they are due, each by its own name, and the platform's is that of the next", async ({
    expect,
  }) => {
    await withAlarms(async ({ make, calls, row, platform }, now) => {
      const alarms = make();
      alarms.atLatest("one", now + 10);
      alarms.atLatest("two", now + 5);
      expect(await platform()).toBe(now + 5);
      await alarms.run(now);
      expect(calls).toEqual([]);
      await alarms.run(now + 5);
      expect(calls).toEqual(["two"]);
      expect(row("two")).toBeUndefined();
      expect(await platform()).toBe(now + 10);
    });
  });

  test("for a time beyond what the platform counts, or before it, neither fail nor run on and on", async ({
    expect,
  }) => {
    for (const at of [Number.MAX_SAFE_INTEGER, 1e300, 9e15, 9.3e12, -1e300, -1, 0, 0.5])
      await withAlarms(async ({ make, row, platform }) => {
        const alarms = make();
        alarms.atLatest("one", at);
        expect(row("one")).toMatchObject({ at });
        const set = (await platform()) ?? 0;
        if (at > Date.now()) expect(set, String(at)).toBeGreaterThan(Date.now() + 1e12);
        await alarms.run();
        expect(row("one") === undefined, String(at)).toBe(at < Date.now());
      });
  });

  test("keep the earlier time", async ({ expect }) => {
    await withAlarms(async ({ make, row }, now) => {
      const alarms = make();
      alarms.atLatest("one", now + 10);
      alarms.atLatest("one", now + 20);
      expect(row("one")).toMatchObject({ at: now + 10 });
      alarms.atLatest("one", now + 1);
      expect(row("one")).toMatchObject({ at: now + 1 });
    });
  });

  test("run again after an object that died in the middle, and whatever was armed meanwhile", async ({
    expect,
  }) => {
    await withAlarms(async ({ make, calls, act }, now) => {
      const first = make();
      first.atLatest("one", now);
      act.one = () => new Promise(() => {}); // it never comes back
      void first.run(now);
      expect(calls).toEqual(["one"]);
      const second = make();
      second.atLatest("two", now);
      delete act.one;
      await second.run(now);
      expect(calls).toEqual(["one", "one", "two"]);
    });
  });

  test("that fail come again with growing distance and hold up no other; success forgets it", async ({
    expect,
  }) => {
    await withAlarms(async ({ make, calls, act, row }, now) => {
      const alarms = make();
      act.one = () => Promise.reject(new Error("as the test wants"));
      alarms.atLatest("one", now);
      alarms.atLatest("two", now);
      const distances: number[] = [];
      let at = now;
      for (let i = 0; i < 9; i++) {
        await alarms.run(at);
        const next = row("one")?.at ?? 0;
        distances.push(next - at);
        at = next;
      }
      expect(distances).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
      expect(calls.filter((name) => name === "two")).toHaveLength(1);
      delete act.one;
      await alarms.run(at);
      expect(row("one")).toBeUndefined();
    });
  });

  test("armed by their own handler, or while it runs, come again", async ({ expect }) => {
    await withAlarms(async ({ make, calls, act, row, platform }, now) => {
      const alarms = make();
      act.one = (own) => {
        own.atLatest("one", now + 50);
        own.atLatest("one", now + 40);
        own.atLatest("two", now + 30);
      };
      alarms.atLatest("one", now);
      await alarms.run(now);
      expect(calls).toEqual(["one"]);
      expect([row("one")?.at, row("two")?.at]).toEqual([now + 40, now + 30]);
      expect(await platform()).toBe(now + 30);
    });
  });

  test("armed in a transaction that is rolled back were never armed", async ({ expect }) => {
    await withAlarms(async ({ make, row, platform, rollBack }, now) => {
      const alarms = make();
      alarms.atLatest("one", now + 20);
      rollBack(() => alarms.atLatest("two", now + 10));
      expect(row("two")).toBeUndefined();
      expect(await platform()).toBe(now + 20);
    });
  });
});
