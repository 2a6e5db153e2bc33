import { describe, expect, it } from "vitest";
import type { Run } from "../../../protocol/run.ts";
import type { Task } from "../../../protocol/tasks.ts";
import { sampleRun, sampleSession, sampleTask } from "../../fixtures/sample.ts";
import { EMPTY_HUB, type HubState } from "../../shared/live/hubState.ts";
import { newsBetween, type Concern } from "./workNews.ts";

const me: Concern = { user: "ann", followed: new Set(), path: "/" };
const picture = (tasks: Task[], runs: Run[]): HubState => ({
  ...EMPTY_HUB,
  tasks: new Map(tasks.map((task) => [task.id, task])),
  runs: new Map(runs.map((run) => [run.id, run])),
});
const task = sampleTask({ title: "Look", by: "ann", status: "running" });
const run = sampleRun({ title: "multi-review", by: "ann" });
const before = picture([task], [run]);
const textsOf = (after: HubState, concern: Partial<Concern> = {}, from = before): string[] =>
  newsBetween(from, after, { ...me, ...concern }).map(({ text }) => text);

describe("news of work", () => {
  it("says how a person's tasks and runs have ended, once", () => {
    const after = picture([{ ...task, status: "failed" }], [{ ...run, status: "completed" }]);
    expect(newsBetween(before, after, me)).toEqual([
      { id: task.id, text: "Look has failed.", bad: true, href: `/work/tasks?task=${task.id}` },
      { id: run.id, text: "multi-review has finished.", bad: false, href: `/work/runs/${run.id}` },
    ]);
    expect(textsOf(after, {}, after)).toEqual([]);
  });

  it("says nothing of what others started, unless the person has looked at it; and nothing of what is told elsewhere", () => {
    const over = picture([{ ...task, status: "completed" }], [{ ...run, status: "failed" }]);
    expect(textsOf(over, { user: "bob" })).toEqual([]);
    expect(textsOf(over, { user: "bob", followed: new Set([run.id]) })).toEqual(["multi-review has failed."]);
    const inner = { ...run, parent: { run: run.id, step: "x" } };
    const ofChat = { ...task, parent: sampleSession().id };
    const after = picture([{ ...ofChat, status: "completed" }], [{ ...inner, status: "completed" }]);
    expect(textsOf(after, {}, picture([ofChat], [inner]))).toEqual([]);
  });

  it("says nothing while the person looks at it, of what was cancelled, or of what was over before it was heard of", () => {
    const over = picture([{ ...task, status: "completed" }], [{ ...run, status: "completed" }]);
    expect(textsOf(over, { path: "/work/tasks" })).toEqual(["multi-review has finished."]);
    expect(textsOf(over, { path: `/work/runs/${run.id}` })).toEqual(["Look has finished."]);
    expect(textsOf(picture([{ ...task, status: "cancelled" }], [{ ...run, status: "cancelled" }]))).toEqual(
      [],
    );
    expect(textsOf(over, {}, EMPTY_HUB)).toEqual([]);
  });
});
