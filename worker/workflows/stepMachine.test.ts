import { expect, test } from "vitest";
import { StepStatus } from "../../protocol/run.ts";
import { isSettled, stateAfter, statesBefore } from "./stepMachine.ts";

test("a step that waits or works may still change, and nothing else", () => {
  expect(StepStatus.options.filter((status) => !isSettled(status))).toEqual(["pending", "running"]);
});

test("every end is reached from what is open, and a step begins once", () => {
  for (const event of ["complete", "fail", "skip", "cancel", "time_out"] as const) {
    expect(isSettled(stateAfter(event))).toBe(true);
    expect(statesBefore(event).some(isSettled)).toBe(false);
  }
  expect(statesBefore("start")).toEqual(["pending"]);
  expect(statesBefore("time_out")).toEqual(["running"]);
  expect([statesBefore("go_on"), stateAfter("go_on")]).toEqual([["running"], "running"]);
});
