import type { AnyNode, Node } from "acorn";
import { isType, walk } from "./walk.ts";

/** The name by which metered code calls the meter. Scripts cannot have it. */
export const TICK = "__signalbox_tick";
/** As {@link TICK}, for what is spread: it tells how much there is. */
export const SPREAD = "__signalbox_spread";
/** As {@link TICK}, for texts that are put together. */
export const JOINED = "__signalbox_joined";

/** Text that is put into a script. */
type Insertion = { at: number; text: string; order: number };

/**
 * Puts a call of the meter into each function and each loop, so that a script that would go on for ever is ended from
 * within, wherever it runs. A round costs what stands in it. Lines stay as they are.
 */
export function meter(source: string, program: Node): string {
  const insertions: Insertion[] = [];
  const insert = (at: number, text: string) => insertions.push({ at, text, order: insertions.length });
  const tagged = new Set<Node>();
  for (const node of walk(program)) {
    const body = bodyOf(node);
    if (body !== null) {
      const tick = `${TICK}(${cost(body)})`;
      if (isType(body, "BlockStatement")) insert(body.start + 1, `${tick};`);
      else if (isExpressionBody(node)) {
        insert(body.start, `(${tick},`);
        insert(body.end, ")");
      } else {
        insert(body.start, `{${tick};`);
        insert(body.end, "}");
      }
    }
    const wrap = (inner: Node, by: string) => {
      insert(inner.start, `${by}(`);
      insert(inner.end, ")");
    };
    if (isType(node, "SpreadElement")) wrap(node.argument, SPREAD);
    if (isType(node, "TaggedTemplateExpression")) tagged.add(node.quasi);
    if (grows(node) && !tagged.has(node)) wrap(node, JOINED);
  }
  return apply(source, insertions);
}

function bodyOf(node: AnyNode): Node | null {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "DoWhileStatement":
      return node.body;
    default:
      return null;
  }
}

/** Whether it may put a longer text together from others. */
function grows(node: AnyNode): boolean {
  return (
    (isType(node, "BinaryExpression") && node.operator === "+") ||
    (isType(node, "TemplateLiteral") && node.expressions.length > 0) ||
    (isType(node, "AssignmentExpression") && node.operator === "+=")
  );
}

function isExpressionBody(node: AnyNode): boolean {
  return isType(node, "ArrowFunctionExpression") && node.expression;
}

/** How much there is to do in a body once: the nodes that stand in it. */
function cost(body: Node): number {
  let nodes = 0;
  for (const _ of walk(body)) nodes += 1;
  return nodes;
}

/** At one place, what ends there comes before what begins there; inner ends before outer, outer begins before inner. */
function apply(source: string, insertions: Insertion[]): string {
  const sorted = insertions.toSorted((a, b) => {
    if (a.at !== b.at) return a.at - b.at;
    const [aEnds, bEnds] = [isEnd(a), isEnd(b)];
    if (aEnds !== bEnds) return aEnds ? -1 : 1;
    return aEnds ? b.order - a.order : a.order - b.order;
  });
  let text = "";
  let from = 0;
  for (const { at, text: piece } of sorted) {
    text += source.slice(from, at) + piece;
    from = at;
  }
  return text + source.slice(from);
}

function isEnd({ text }: Insertion): boolean {
  return text === ")" || text === "}";
}
