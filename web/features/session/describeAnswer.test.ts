import { expect, it } from "vitest";
import { describeAnswer } from "./describeAnswer.ts";

it.each([
  [
    { status: "done" as const, result: { status: "done" as const, value: { type: "nothing" as const } } },
    true,
    "Interrupted.",
  ],
  [
    { status: "queued" as const, result: null },
    true,
    "workshop has not answered yet. It is done when the host is back; the session's events show it.",
  ],
  [
    {
      status: "failed" as const,
      result: { status: "failed" as const, code: "no_pane", message: "The pane is gone." },
    },
    false,
    "The pane is gone.",
  ],
  [
    { status: "expired" as const, result: { status: "expired" as const } },
    false,
    "workshop did not take it in time. Nothing was done.",
  ],
  [
    { status: "cancelled" as const, result: { status: "cancelled" as const } },
    false,
    "It was cancelled. Nothing was done.",
  ],
  [
    {
      status: "indeterminate" as const,
      result: { status: "indeterminate" as const, message: "The host restarted." },
    },
    false,
    "The host restarted. It may or may not have happened; it is not repeated by itself.",
  ],
])("%o", (answer, ok, text) => {
  expect(describeAnswer(answer, "Interrupted.", "workshop")).toEqual({ ok, text, details: [] });
});
