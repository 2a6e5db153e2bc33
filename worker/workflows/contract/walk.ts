import type { AnyNode, Node } from "acorn";

/** Narrows a node of the syntax tree by its type. */
export function isType<T extends AnyNode["type"]>(
  node: Node,
  type: T,
): node is Extract<AnyNode, { type: T }> {
  return node.type === type;
}

/** The line that a node begins on, from 1. */
export function lineOf(node: Node): number {
  return node.loc?.start.line ?? 1;
}

/** Every node below one, itself first. Deep scripts do not use the stack. */
export function* walk(root: Node): Generator<AnyNode> {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const next = open.pop();
    if (Array.isArray(next)) for (let i = next.length - 1; i >= 0; i--) open.push(next[i]);
    else if (isNode(next)) {
      yield next;
      for (const value of Object.values(next).toReversed())
        if (typeof value === "object" && value !== null) open.push(value);
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
