import { expect, it } from "vitest";
import { sampleApproval, sampleRun, sampleSession } from "../../fixtures/sample.ts";
import { needsOf } from "./needs.ts";

const map = <T extends { id: string }>(...list: T[]): Map<string, T> =>
  new Map(list.map((each) => [each.id, each]));
const waiting = sampleSession({ status: "waiting", status_since: 2 });
const asks = sampleSession({ status: "waiting", status_since: 1 });
const failed = sampleSession({ status: "trouble" });
const idle = sampleSession();
const first = sampleApproval({ session: waiting.id, created_at: 10 });
const second = sampleApproval({ session: waiting.id, created_at: 20 });

it("is approvals, oldest first, and sessions that wait for something else or failed", () => {
  const decided = sampleApproval({ session: asks.id, status: "denied" });
  const needs = needsOf({
    approvals: map(second, decided, first),
    sessions: map(failed, waiting, idle, asks),
    runs: new Map(),
  });
  expect(needs.approvals).toEqual([first, second]);
  expect(needs.sessions).toEqual([asks, failed]);
  expect(needs.count).toBe(4);
});

it("counts a session that failed even while an approval of it waits", () => {
  const approval = sampleApproval({ session: failed.id });
  expect(needsOf({ approvals: map(approval), sessions: map(failed), runs: new Map() }).count).toBe(2);
});

it("is nothing when nothing waits", () => {
  expect(needsOf({ approvals: new Map(), sessions: map(idle), runs: new Map() })).toEqual({
    approvals: [],
    runs: [],
    sessions: [],
    count: 0,
  });
});

it("counts a run that asks until it is over", () => {
  const run = sampleRun({ status: "running", asks: 2 });
  const over = sampleRun({ status: "cancelled", asks: 1 });
  const quiet = sampleRun({ status: "running" });
  const needs = needsOf({ approvals: new Map(), sessions: new Map(), runs: map(run, over, quiet) });
  expect([needs.runs, needs.count]).toEqual([[run], 1]);
});
