import { describe, test } from "vitest";
import { MOST_STEPS, nextAction } from "./nextAction.ts";
import { judgeRepeat } from "./runaway.ts";

const turn = { step: 1, phase: "model" as const, cancelled: false, compact: false };
const calls = { ...turn, phase: "calls" as const };

describe("a turn", () => {
  test("asks the model, settles its calls, waits for them, and asks again", ({ expect }) => {
    expect(nextAction(turn, [])).toBe("ask_model");
    expect(nextAction(calls, ["proposed", "waiting"])).toBe("settle");
    expect(nextAction(calls, ["completed", "waiting"])).toBe("wait");
    expect(nextAction(calls, ["completed", "dispatched"])).toBe("wait");
    expect(nextAction(calls, ["completed", "denied", "indeterminate", "expired", "failed"])).toBe(
      "next_step",
    );
  });

  test("that is cancelled waits only for what runs on a host", ({ expect }) => {
    expect(nextAction({ ...calls, cancelled: true }, ["dispatched", "cancelled"])).toBe("wait");
    expect(nextAction({ ...calls, cancelled: true }, ["cancelled", "completed"])).toBe("cancel");
    expect(nextAction({ ...turn, cancelled: true }, [])).toBe("cancel");
  });

  test("shortens the conversation before it asks the model, unless it is cancelled", ({ expect }) => {
    expect(nextAction({ ...turn, compact: true }, [])).toBe("compact");
    expect(nextAction({ ...turn, compact: true, cancelled: true }, [])).toBe("cancel");
    expect(nextAction({ ...calls, compact: true }, ["completed"])).toBe("next_step");
  });

  test("is stopped after too many steps", ({ expect }) => {
    expect(nextAction({ ...turn, step: MOST_STEPS }, [])).toBe("ask_model");
    expect(nextAction({ ...turn, step: MOST_STEPS + 1 }, [])).toBe("stop_runaway");
  });

  test("is warned of a call it repeats, then stopped", ({ expect }) => {
    const call = { tool: "run_command", input: "{}" };
    const judged = Array.from({ length: 7 }, (_, i) =>
      judgeRepeat(
        call,
        Array.from({ length: i }, () => call),
      ),
    );
    expect(judged).toEqual(["run", "run", "run", "warn", "warn", "stop", "stop"]);
    expect(
      judgeRepeat(call, [
        { ...call, input: "{1}" },
        { ...call, tool: "x" },
      ]),
    ).toBe("run");
  });
});
