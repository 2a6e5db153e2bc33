import { expect, test } from "vitest";
import { StepStatus } from "../../protocol/run.ts";
import { isSettled, nextStatus, statesBefore, type StepEvent } from "./stepMachine.ts";

const EVENTS: StepEvent[] = ["start", "complete", "fail", "skip", "cancel", "time_out"];

test("what is settled changes no more", () => {
  for (const status of StepStatus.options)
    expect(EVENTS.some((event) => nextStatus(status, event) !== null)).toBe(!isSettled(status));
});

test("each event leads to one state, from every state that it leads on from", () => {
  for (const event of EVENTS) {
    const ends = new Set(statesBefore(event).map((status) => nextStatus(status, event)));
    expect(ends.size).toBe(1);
    expect(ends).not.toContain(null);
  }
  expect(statesBefore("start")).toEqual(["pending"]);
  expect(statesBefore("time_out")).toEqual(["running"]);
});
