import { describe, expect, it } from "vitest";
import { sampleApproval } from "../../fixtures/sample.ts";
import { approvalWords, awaySentence, newestApproval } from "./approvalWords.ts";

describe("an approval in words", () => {
  it.each<[Partial<ReturnType<typeof sampleApproval>>, string, string]>([
    [{}, "Needs permission", "waiting"],
    [
      { status: "allowed", decided_by: "owner", decision_scope: "once", delivery: "pending" },
      "Allowed once by owner; on its way",
      "good",
    ],
    [
      { status: "allowed", decided_by: "owner", decision_scope: "session", delivery: "applied" },
      "Allowed for this session by owner",
      "good",
    ],
    [
      {
        status: "allowed",
        decided_by: "owner",
        decision_scope: "once",
        delivery: "indeterminate",
        edited_input: "{}",
      },
      "Allowed once by owner, with another input; it is not known whether it ran",
      "bad",
    ],
    [
      {
        status: "allowed",
        decided_by: "ann",
        decision_scope: "always",
        delivery: "applied",
        decided_on_host: true,
      },
      "Allowed always by ann on its host, which was away",
      "good",
    ],
    [{ status: "denied", decided_by: "mo", delivery: "applied" }, "Denied by mo", "plain"],
    [{ status: "expired", delivery: "gone" }, "Expired: nobody decided in time", "plain"],
    [{ status: "withdrawn", delivery: "gone" }, "Withdrawn: it is no longer asked for here", "plain"],
  ])("%o", (given, word, tone) => {
    expect(approvalWords(sampleApproval(given))).toEqual({ word, tone });
  });
});

it("says what a decision means while the host is away", () => {
  expect(awaySentence(null)).toBeNull();
  expect(awaySentence({ name: "garage", presence: "online" })).toBeNull();
  expect(awaySentence({ name: "garage", presence: "offline" })).toMatch(
    /garage is not connected.*when the host is back/,
  );
});

it("goes by the newest that is known, wherever it came from", () => {
  const older = sampleApproval({ version: 1 });
  const newer = { ...older, version: 3 };
  expect(newestApproval(older, undefined, newer, null)).toBe(newer);
  expect(newestApproval(newer, older)).toBe(newer);
  expect(newestApproval(null, undefined)).toBeNull();
});
