import { expect, it, vi } from "vitest";
import type { Approval } from "../../../protocol/approvals.ts";
import { sampleApproval } from "../../fixtures/sample.ts";
import { ApiFailure } from "../../shared/api/ApiFailure.ts";
import { startDecisions } from "./decisions.ts";

const asked = sampleApproval();
const allowed: Approval = { ...asked, status: "allowed", decided_by: "owner", version: 2 };

it("is sending until there is an answer, then knows it", async () => {
  const { promise, resolve } = Promise.withResolvers<Approval>();
  const decisions = startDecisions(() => promise);
  const done = decisions.decide(asked.id, { decision: "allow" });
  expect(decisions.sending.get().get(asked.id)).toEqual({ phase: "sending", decision: "allow" });
  resolve(allowed);
  expect(await done).toBe(true);
  expect(decisions.sending.get().size).toBe(0);
  expect(decisions.answered.get().get(asked.id)).toBe(allowed);
});

it("is sent once, however often it is pressed", async () => {
  const send = vi.fn(() => Promise.resolve(allowed));
  const decisions = startDecisions(send);
  const all = await Promise.all([
    decisions.decide(asked.id, { decision: "allow" }),
    decisions.decide(asked.id, { decision: "deny" }),
    decisions.decide(asked.id, { decision: "allow" }),
  ]);
  expect(all).toEqual([true, false, false]);
  expect(send).toHaveBeenCalledTimes(1);
});

it.each([
  [409, "late"],
  [404, "late"],
  [0, "failed"],
  [400, "failed"],
  [500, "failed"],
])("says what happened at status %i", async (status, phase) => {
  const decisions = startDecisions(() => Promise.reject(new ApiFailure("code", "The sentence.", status)));
  expect(await decisions.decide(asked.id, { decision: "allow" })).toBe(false);
  expect(decisions.sending.get().get(asked.id)).toEqual({ phase, message: "The sentence." });
  expect(decisions.answered.get().size).toBe(0);
});

it("can be sent again after it failed", async () => {
  let down = true;
  const decisions = startDecisions(() =>
    down ? Promise.reject(new ApiFailure("offline", "No answer.", 0)) : Promise.resolve(allowed),
  );
  await decisions.decide(asked.id, { decision: "allow" });
  down = false;
  expect(await decisions.decide(asked.id, { decision: "allow" })).toBe(true);
  expect(decisions.sending.get().size).toBe(0);
});

it("does not put an older answer in the place of a newer", async () => {
  const answers = [{ ...allowed, version: 5 }, allowed];
  const decisions = startDecisions(() => Promise.resolve(answers.shift() ?? allowed));
  await decisions.decide(asked.id, { decision: "allow" });
  await decisions.decide(asked.id, { decision: "allow" });
  expect(decisions.answered.get().get(asked.id)?.version).toBe(5);
});
