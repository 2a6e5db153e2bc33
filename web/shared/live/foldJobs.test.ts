import { expect, it } from "vitest";
import type { Session } from "../../../protocol/session.ts";
import { sampleSession } from "../../fixtures/sample.ts";
import { foldJobs } from "./foldJobs.ts";

const of = (kind: "run" | "task", id: string, over: Partial<Session> = {}) => ({
  session: sampleSession({ title: "an agent", job: { kind, id, title: `of ${id}` }, ...over }),
});

it("puts the agents of a run together, and says how they are", () => {
  const plain = { session: sampleSession({ title: "mine" }) };
  const list = [
    of("run", "a", { status: "done", ended_at: 1 }),
    plain,
    of("run", "a", { status: "working" }),
    of("run", "a", { status: "trouble", ended_at: 2 }),
    of("run", "b", { status: "done", ended_at: 1, job: { kind: "run", id: "b" } }),
  ];
  const { alone, folds } = foldJobs(list);
  expect(alone).toEqual([plain]);
  expect(folds.map(({ title, href, status, words }) => [title, href, status, words])).toEqual([
    ["of a", "/work/runs/a", "working", "3 agents, 1 working, 1 failed"],
    ["A run", "/work/runs/b", "done", "1 agent"],
  ]);
});

it("has tasks that are over in one, and those that are not one by one", () => {
  const over = Array.from({ length: 3 }, (_, index) =>
    of("task", `${index}`, { status: "done", ended_at: 1 }),
  );
  const asks = of("task", "asks", { status: "waiting" });
  const { alone, folds } = foldJobs([...over, of("task", "now", { status: "idle" }), asks]);
  expect(alone).toEqual([asks]);
  expect(folds.map(({ title, href, words }) => [title, href, words])).toEqual([
    ["Tasks", "/work/tasks", "3 agents"],
    ["of now", "/work/tasks?task=now", "1 agent"],
  ]);
});
