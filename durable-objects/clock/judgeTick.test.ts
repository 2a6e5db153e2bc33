import { describe, test } from "vitest";
import type { Schedule, When } from "../../protocol/schedules.ts";
import { judgeTick, LATE_MS, MOST_WAITING, type Tick } from "./judgeTick.ts";
import { nextTime, nextTimes, problemOf } from "./nextTime.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const cron = (text: string, time_zone = "UTC"): When => ({ kind: "cron", cron: text, time_zone });
const utc = (text: string) => Date.parse(`${text}Z`);
const shown = (times: number[]) => times.map((at) => new Date(at).toISOString().slice(0, 16));

type Policy = Pick<Schedule, "when" | "catch_up" | "overlap">;

/** Lets a clock run that is there except in the given gaps; each execution's work runs for `takes`. */
function simulate(
  policy: Policy,
  {
    from,
    to,
    gaps = [],
    takes = 0,
  }: {
    from: number;
    to: number;
    gaps?: [number, number][];
    takes?: number;
  },
): Tick[] {
  const ticks: Tick[] = [];
  const ends: number[] = [];
  let waiting: number[] = [];
  let next = nextTime(policy.when, from);
  while (next !== null && next <= to) {
    const due: number = next;
    const gap = gaps.find(([begin, end]) => due >= begin && due < end);
    const now = gap === undefined ? due : gap[1];
    for (const end of ends.filter((each) => each <= now).slice(0, waiting.length)) {
      waiting = waiting.slice(1);
      ends.push(end + takes);
    }
    const running = ends.filter((end) => end > now).length;
    const tick = judgeTick({ ...policy, next_at: due }, { running, waiting: waiting.length }, now);
    ticks.push(tick);
    if (tick.state === "starting") ends.push(now + takes);
    if (tick.state === "waiting") waiting.push(now);
    next = tick.next_at;
  }
  return ticks;
}

const started = (ticks: Tick[]) => ticks.filter(({ state }) => state === "starting");

describe("a month of a clock", () => {
  const march = { from: utc("2026-03-01T00:00"), to: utc("2026-03-31T23:59") };

  test("that is always there does each day's work once, at the same time of day in its zone", ({
    expect,
  }) => {
    const ticks = simulate(
      { when: cron("30 9 * * *", "Europe/Berlin"), catch_up: "one", overlap: "skip" },
      march,
    );
    expect(started(ticks)).toHaveLength(31);
    const inUtc = ticks.map(({ due_at }) => new Date(due_at).toISOString().slice(11, 16));
    // Summer time begins there on the 29th.
    expect(inUtc).toEqual([...Array(28).fill("08:30"), ...Array(3).fill("07:30")]);
    expect(ticks.every(({ cause, passed_over }) => cause === "clock" && passed_over === 0)).toBe(true);
  });

  test("across both changes of the clocks: a time in the gap is due after it, one that comes twice once", ({
    expect,
  }) => {
    const nightly = cron("30 2 * * *", "Europe/Berlin");
    expect(shown(nextTimes(nightly, utc("2026-03-28T12:00"), 2))).toEqual([
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(shown(nextTimes(nightly, utc("2026-10-24T12:00"), 2))).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    const inNewYork = cron("0 9 * * MON-FRI", "America/New_York");
    expect(shown(nextTimes(inNewYork, utc("2026-03-06T20:00"), 2))).toEqual([
      "2026-03-09T13:00",
      "2026-03-10T13:00",
    ]);
    // What is due every half hour is so by real time, whatever the clocks show.
    const often = nextTimes(cron("*/30 * * * *", "Europe/Berlin"), utc("2026-10-24T00:00"), 100);
    expect(often.every((at, index) => index === 0 || at - (often[index - 1] ?? 0) === 30 * MINUTE)).toBe(
      true,
    );
  });

  test("that was away catches up exactly once, and says what passed", ({ expect }) => {
    const away: [number, number] = [utc("2026-03-27T12:00"), utc("2026-03-30T12:10")]; // over the change
    const policy = { when: cron("0 * * * *", "Europe/Berlin"), overlap: "skip" } as const;
    const ticks = simulate({ ...policy, catch_up: "one" }, { ...march, gaps: [away] });
    const caught = ticks.filter(({ cause }) => cause === "catch_up");
    expect(caught).toEqual([
      {
        due_at: utc("2026-03-30T12:00"),
        cause: "catch_up",
        passed_over: 72,
        state: "starting",
        next_at: utc("2026-03-30T13:00"),
      },
    ]);
    const hours = (march.to - march.from - 59 * MINUTE) / HOUR;
    expect(started(ticks)).toHaveLength(hours - 72);
  });

  test("that was away and is not to catch up leaves out what passed, and says so", ({ expect }) => {
    const away: [number, number] = [utc("2026-03-10T12:30"), utc("2026-03-12T00:30")];
    const policy = { when: cron("0 * * * *"), overlap: "skip", catch_up: "none" } as const;
    const ticks = simulate(policy, { ...march, gaps: [away] });
    const missed = ticks.filter(({ state }) => state === "missed");
    expect(missed).toMatchObject([{ due_at: utc("2026-03-12T00:00"), passed_over: 35 }]);
    expect(ticks.filter(({ cause, state }) => cause === "catch_up" && state !== "missed")).toEqual([]);
  });

  test("that comes a little late is no catch-up, and every time is done at most once", ({ expect }) => {
    const policy = { when: cron("*/5 * * * * *"), overlap: "parallel", catch_up: "none" } as const;
    const from = utc("2026-03-01T00:00");
    const late: [number, number] = [from + 10 * SECOND, from + 10 * SECOND + 12 * SECOND];
    const ticks = simulate(policy, { from, to: from + MINUTE, gaps: [late] });
    expect(ticks.find(({ passed_over }) => passed_over > 0)).toMatchObject({
      due_at: from + 20 * SECOND,
      passed_over: 2,
      cause: "clock",
      state: "starting",
    });
    const dues = ticks.map(({ due_at }) => due_at);
    expect(new Set(dues).size).toBe(dues.length);
  });

  test("ten years away is judged at once", ({ expect }) => {
    const policy = { when: cron("* * * * * *"), overlap: "skip", catch_up: "one", next_at: 0 } as const;
    const tick = judgeTick(policy, { running: 0, waiting: 0 }, 10 * 365 * DAY);
    expect(tick).toMatchObject({
      state: "starting",
      cause: "clock",
      due_at: 10 * 365 * DAY,
      passed_over: 1_000,
    });
  });
});

describe("work that runs longer than the time to the next", () => {
  const hour = { from: utc("2026-03-01T00:00"), to: utc("2026-03-01T01:00") };
  const run = (overlap: Schedule["overlap"]) =>
    simulate({ when: cron("*/10 * * * *"), catch_up: "one", overlap }, { ...hour, takes: 15 * MINUTE });

  test("is skipped, run beside it, or waits, as its policy says", ({ expect }) => {
    expect(run("skip").map(({ state }) => state)).toEqual([
      "starting",
      "skipped",
      "starting",
      "skipped",
      "starting",
      "skipped",
    ]);
    expect(run("parallel").every(({ state }) => state === "starting")).toBe(true);
    expect(
      run("queue")
        .map(({ state }) => state)
        .filter((state) => state === "skipped"),
    ).toEqual([]);
    expect(run("queue")[1]?.state).toBe("waiting");
  });

  test("does not pile up without end", ({ expect }) => {
    const policy = { when: cron("* * * * *"), catch_up: "one", overlap: "queue", next_at: 0 } as const;
    expect(judgeTick(policy, { running: 1, waiting: MOST_WAITING }, 0).state).toBe("skipped");
  });
});

describe("a time that comes once", () => {
  const when: When = { kind: "once", at: utc("2026-05-01T10:00") };
  const policy = { when, overlap: "skip", next_at: utc("2026-05-01T10:00") } as const;

  test("is done, also late when it is to be caught up, and never again", ({ expect }) => {
    const at = policy.next_at;
    const idle = { running: 0, waiting: 0 };
    expect(judgeTick({ ...policy, catch_up: "one" }, idle, at)).toMatchObject({
      state: "starting",
      next_at: null,
    });
    expect(judgeTick({ ...policy, catch_up: "one" }, idle, at + DAY)).toMatchObject({
      state: "starting",
      cause: "catch_up",
    });
    expect(judgeTick({ ...policy, catch_up: "none" }, idle, at + DAY)).toMatchObject({
      state: "missed",
      next_at: null,
    });
    expect(judgeTick({ ...policy, catch_up: "none" }, idle, at + LATE_MS)).toMatchObject({
      state: "starting",
    });
  });
});

describe("what is no time", () => {
  test("is said in a sentence", ({ expect }) => {
    const now = utc("2026-03-01T00:00");
    expect(problemOf(cron("61 * * * *"), now)).toMatch(/not a cron expression: .*minute/);
    expect(problemOf(cron("0 9 * * *", "Mars/Olympus"), now)).toBe("There is no time zone Mars/Olympus.");
    expect(problemOf(cron("0 0 30 2 *"), now)).toBe("This expression is never due.");
    expect(problemOf({ kind: "once", at: now }, now)).toBe("This time has passed.");
    expect(problemOf(cron("@daily"), now)).toBeNull();
  });
});
