import type { RunStep } from "../../../../protocol/runs.ts";

/** A step in the graph: what it began after, and how many such steps are before it in the longest line. */
export type GraphStep = { step: RunStep; after: number[]; layer: number };

type Place = { group: string; item: string; stage: number };

/**
 * What waited for what, as the engine has written it down: a step waits for those that had ended when the script asked
 * for it, unless they are beside it: another branch of the same parallel() or pipeline(), or one that had not come to its
 * end. Of those, the nearest are given; the others are before these. Steps without such notes (of older runs) give null.
 */
export function runGraph(items: readonly RunStep[]): Map<number, GraphStep> | null {
  const steps = items.toSorted((a, b) => a.n - b.n);
  if (steps.length > 1 && steps.every(({ after, scope }) => after === undefined && scope == null)) {
    if (steps.some(({ started_at }) => started_at !== null)) return null;
  }
  const graph = new Map<number, GraphStep>();
  const places = new Map(steps.map(({ n, scope }) => [n, readScope(scope ?? null)]));
  const above = new Map<number, Set<number>>();
  const ended: number[] = [];
  const open = new Map<string, number>();
  const count = (n: number, by: 1 | -1): void => {
    for (const { group } of places.get(n) ?? []) open.set(group, (open.get(group) ?? 0) + by);
  };
  for (const step of steps) {
    for (const n of step.after ?? [])
      if (places.has(n)) {
        ended.push(n);
        count(n, -1);
      }
    const mine = places.get(step.n) ?? [];
    const known = new Set<number>();
    const after: number[] = [];
    // The latest first: what is before one of them is not named again.
    for (const n of ended.toSorted((a, b) => b - a)) {
      if (known.has(n) || !isBefore(places.get(n) ?? [], mine, open)) continue;
      after.push(n);
      known.add(n);
      for (const each of above.get(n) ?? []) known.add(each);
    }
    above.set(step.n, known);
    const layer = Math.max(-1, ...after.map((n) => graph.get(n)?.layer ?? 0)) + 1;
    graph.set(step.n, { step, after: after.toSorted((a, b) => a - b), layer });
    count(step.n, 1);
  }
  return graph;
}

/** Whether what stands at `from` comes before `to` in the script, and not beside it. */
function isBefore(from: Place[], to: Place[], open: ReadonlyMap<string, number>): boolean {
  for (const [index, at] of from.entries()) {
    const there = to[index];
    if (there?.group !== at.group) return (open.get(at.group) ?? 0) === 0;
    if (there.item !== at.item) return false;
    if (there.stage !== at.stage) return at.stage < there.stage;
  }
  return true;
}

function readScope(scope: string | null): Place[] {
  if (scope === null) return [];
  return scope.split("/").map((part) => {
    const [group = "", item = "", stage = "0"] = part.split(".");
    return { group, item, stage: Number(stage) };
  });
}
