import { describe, expect, it } from "vitest";
import { followActivity, paneStatus, QUIET, type Activity } from "./paneStatus.ts";

describe("paneStatus", () => {
  const busy: Activity = { at: 1, streak: 3, busy: true };
  it.each([
    ["shell", undefined, busy, "idle", null],
    ["other", undefined, QUIET, "working", null],
    ["claude", { pid: 1, status: "busy" }, QUIET, "working", null],
    [
      "claude",
      { pid: 1, status: "waiting", waitingFor: "permission prompt" },
      busy,
      "waiting",
      "permission prompt",
    ],
    ["claude", { pid: 1, status: "idle" }, busy, "idle", null],
    ["claude", { pid: 1 }, busy, "working", null],
    ["codex", { pid: 1, status: "waiting" }, QUIET, "idle", null],
    ["codex", undefined, busy, "working", null],
  ] as const)("%s %j", (agent, claude, activity, status, reason) => {
    expect(paneStatus(agent, claude, activity)).toEqual({ status, reason });
  });

  it("is what Codex says, while Codex runs there", () => {
    const said = { status: "waiting", reason: "permission prompt" } as const;
    expect(paneStatus("codex", undefined, busy, said)).toEqual(said);
    expect(paneStatus("shell", undefined, busy, said)).toEqual({ status: "idle", reason: null });
  });
});

describe("followActivity", () => {
  it("takes two changes in a row for work, and silence for its end", () => {
    let activity = QUIET;
    const steps: [now: number, changedAt: number, busy: boolean][] = [
      [100_000, 99_000, false],
      [102_000, 99_000, false],
      [104_000, 103_000, true],
      [106_000, 103_000, true],
      [112_000, 103_000, false],
      [120_000, 119_000, false],
      [122_000, 121_000, true],
    ];
    for (const [now, changedAt, expected] of steps) {
      activity = followActivity(activity, changedAt, now);
      expect([now, activity.busy]).toEqual([now, expected]);
    }
  });

  it("goes on when the clock is put back an hour", () => {
    const before = { at: 3_700_000, streak: 2, busy: true };
    let activity = followActivity(before, 3_700_000, 100_000);
    activity = followActivity(activity, 100_000, 110_000);
    expect(activity.busy).toBe(false);
    activity = followActivity(activity, 111_000, 112_000);
    expect(followActivity(activity, 113_000, 114_000).busy).toBe(true);
  });
});
