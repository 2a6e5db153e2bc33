import type { Node } from "acorn";
import { ScriptProblem } from "./ScriptProblem.ts";
import { isType, lineOf } from "./walk.ts";

/** The value of a pure literal: what is written, without running anything. */
export function readLiteral(node: Node): unknown {
  if (isType(node, "Literal") && !(node.value instanceof RegExp) && typeof node.value !== "bigint")
    return node.value;
  if (isType(node, "TemplateLiteral") && node.expressions.length === 0)
    return node.quasis.map(({ value }) => value.cooked ?? "").join("");
  if (isType(node, "UnaryExpression") && node.operator === "-" && isType(node.argument, "Literal"))
    if (typeof node.argument.value === "number") return -node.argument.value;
  if (isType(node, "ArrayExpression"))
    return node.elements.map((element) => {
      if (element === null) throw impure(node);
      return readLiteral(element);
    });
  if (isType(node, "ObjectExpression")) {
    const entries = node.properties.map((property): [string, unknown] => {
      if (property.type !== "Property" || property.kind !== "init" || property.computed || property.method)
        throw impure(property);
      return [keyOf(property.key), readLiteral(property.value)];
    });
    return Object.fromEntries(entries); // own properties, __proto__ among them
  }
  throw impure(node);
}

function keyOf(key: Node): string {
  if (isType(key, "Identifier")) return key.name;
  if (isType(key, "Literal") && (typeof key.value === "string" || typeof key.value === "number"))
    return String(key.value);
  throw impure(key);
}

function impure(node: Node): ScriptProblem {
  return new ScriptProblem(
    lineOf(node),
    "meta is read without running the script: it holds only strings, numbers, true, false, null, lists and objects as they are written.",
  );
}
