import type { GraphStep } from "./runGraph.ts";

/** One step, or many of one kind that stand side by side. */
export type GraphNode = {
  id: string;
  layer: number;
  phase: string | null;
  steps: GraphStep[];
  /** Ids of the nodes that it waited for. */
  after: string[];
};

/** As many of one phase beside one another are shown one by one. */
const MOST_BESIDE = 8;

/** The nodes of a graph by layer. Many of one phase in a layer are one, unless it is among `unfolded`. */
export function foldGraph(
  graph: ReadonlyMap<number, GraphStep>,
  unfolded: ReadonlySet<string>,
): GraphNode[][] {
  const groups = Map.groupBy(graph.values(), ({ layer, step }) => `${layer} ${step.phase ?? ""}`);
  const nodeOf = new Map<number, string>();
  const nodes: GraphNode[] = [];
  for (const [key, steps] of groups) {
    const [first] = steps;
    if (first === undefined) continue;
    const shared = { layer: first.layer, phase: first.step.phase, after: [] };
    const parts =
      steps.length > MOST_BESIDE && !unfolded.has(key)
        ? [{ ...shared, id: key, steps }]
        : steps.map((each) => ({ ...shared, id: String(each.step.n), steps: [each] }));
    for (const part of parts) {
      nodes.push(part);
      for (const { step } of part.steps) nodeOf.set(step.n, part.id);
    }
  }
  for (const node of nodes)
    node.after = [...new Set(node.steps.flatMap(({ after }) => after.map((n) => nodeOf.get(n) ?? "")))];
  const layers: GraphNode[][] = [];
  for (const node of nodes) (layers[node.layer] ??= []).push(node);
  return layers;
}
