import { describe, expect, it } from "vitest";
import type { RunStep } from "../../../../protocol/runs.ts";
import { sampleStep } from "../../../fixtures/sample.ts";
import { foldGraph } from "./foldGraph.ts";
import { runGraph } from "./runGraph.ts";

const step = (n: number, scope: string | null, after: number[] = [], over: Partial<RunStep> = {}): RunStep =>
  sampleStep({ n, key: `k${n}`, scope, after, status: "completed", ...over });
const edges = (steps: RunStep[]): Record<number, number[]> =>
  Object.fromEntries([...(runGraph(steps) ?? [])].map(([n, { after }]) => [n, after]));

describe("what waited for what", () => {
  it("is one after another in a plain script, the nearest alone", () => {
    expect(edges([step(1, null), step(2, null, [1]), step(3, null, [2])])).toEqual({ 1: [], 2: [1], 3: [2] });
  });

  it("is nothing between branches, and all of them for what comes after a barrier", () => {
    const list = [step(1, "1.0"), step(2, "1.1"), step(3, "1.0", [1]), step(4, null, [2, 3])];
    expect(edges(list)).toEqual({ 1: [], 2: [], 3: [1], 4: [2, 3] });
  });

  it("is a line for each item of a pipeline, whoever was faster", () => {
    const list = [
      step(1, "1.0.0"),
      step(2, "1.1.0"),
      step(3, "1.1.1/2.0", [2]),
      step(4, "1.1.1/2.1"),
      step(5, "1.0.1", [1]),
      step(6, "1.1.2", [3, 4]),
      step(7, null, [5, 6]),
    ];
    expect(edges(list)).toEqual({ 1: [], 2: [], 3: [2], 4: [2], 5: [1], 6: [3, 4], 7: [5, 6] });
  });

  it("is not what happened to end before, of a group that nobody waited for", () => {
    expect(edges([step(1, "1.0"), step(2, "1.1"), step(3, null, [1])])).toEqual({ 1: [], 2: [], 3: [] });
  });

  it("is not known of a run that was before such notes", () => {
    const old = [1, 2].map((n) => sampleStep({ n, key: `${n}`, started_at: 1, ended_at: 2 }));
    expect(runGraph(old)).toBeNull();
    expect(runGraph([])?.size).toBe(0);
  });
});

describe("a graph of many", () => {
  const many = [
    step(1, null),
    ...Array.from({ length: 499 }, (_, index) =>
      step(index + 2, `1.${index}`, index === 0 ? [1] : [], { phase: "Look" }),
    ),
    step(
      501,
      null,
      Array.from({ length: 499 }, (_, index) => index + 2),
    ),
  ];

  it("has those of one phase side by side as one, and each when it is unfolded", () => {
    const graph = runGraph(many) ?? new Map();
    const folded = foldGraph(graph, new Set());
    expect(folded.map((layer) => layer.map(({ steps }) => steps.length))).toEqual([[1], [499], [1]]);
    expect(folded[2]?.[0]?.after).toEqual(["1 Look"]);
    const open = foldGraph(graph, new Set(["1 Look"]));
    expect(open[1]).toHaveLength(499);
    expect(open[2]?.[0]?.after).toHaveLength(499);
  });
});
