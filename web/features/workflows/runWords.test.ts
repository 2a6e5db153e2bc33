import { describe, expect, it } from "vitest";
import { sampleStep } from "../../fixtures/sample.ts";
import { barOf, byPhase, runSignal, stepSignal, stepWords, tokens } from "./runWords.ts";

const step = sampleStep;

describe("a run on its page", () => {
  it("has its phases in the order of its script, also those that nothing was done in yet", () => {
    const items = [step({ phase: "Check" }), step({ phase: null }), step({ phase: "Other" })];
    const phases = [{ title: "Find", detail: "Look" }, { title: "Check" }];
    expect(byPhase({ phases, items }).map(({ title, steps }) => [title, steps.length])).toEqual([
      ["Find", 0],
      ["Check", 1],
      [null, 1],
      ["Other", 1],
    ]);
    expect(byPhase({ phases: [], items: [] })).toEqual([]);
  });

  it("waits when somebody is asked, whatever else it does", () => {
    expect(runSignal({ status: "running", asks: 1 })).toBe("waiting");
    expect(runSignal({ status: "running", asks: 0 })).toBe("working");
    expect(stepSignal(step({ status: "running", kind: "approval" }), false)).toBe("waiting");
    expect(stepSignal(step({ status: "running" }), true)).toBe("waiting");
    expect(stepSignal(step({ status: "completed" }), true)).toBe("done");
  });

  it("says of a step that it was known, or is tried again", () => {
    expect(stepWords(step({ status: "completed", cached: true }))).toBe("cached");
    expect(stepWords(step({ status: "running", attempt: 2 }))).toBe("running, try 2");
  });

  it("draws each step to scale, and at least a sliver", () => {
    expect(barOf(step({ started_at: 50, ended_at: 75 }), { from: 0, to: 100 })).toEqual({
      left: 50,
      width: 25,
    });
    expect(barOf(step({ started_at: 100, ended_at: 100 }), { from: 0, to: 100 })?.width).toBe(1);
    expect(barOf(step({}), { from: 0, to: 100 })).toBeNull();
    expect(barOf(step({ started_at: 5 }), { from: 5, to: 5 })).toEqual({ left: 0, width: 1 });
  });

  it("counts tokens in few characters", () => {
    expect([7, 1_234, 123_456, 7_654_321].map(tokens)).toEqual(["7", "1.2k", "123k", "7.7M"]);
  });
});
