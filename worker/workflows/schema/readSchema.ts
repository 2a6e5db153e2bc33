import { RE2JS } from "re2js";

const MAX_SCHEMA_CHARS = 64 * 1024;
const MAX_DEPTH = 32;
/** Schemas that may have to be looked at for one value, all alternatives counted. */
const MAX_ALTERNATIVES = 5_000;
const MAX_PATTERN_CHARS = 500;

type JsonObject = Record<string, unknown>;

/** Keywords that hold schemas for the same value, and for what is within it. */
const SAME = { one: ["not", "if", "then", "else"], many: ["allOf", "anyOf", "oneOf"] };
const WITHIN = {
  one: [
    "items",
    "additionalProperties",
    "additionalItems",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
  ],
  many: ["prefixItems"],
  named: ["properties", "$defs", "definitions", "dependentSchemas"],
};
const REFUSED = [
  "patternProperties",
  "$recursiveRef",
  "$recursiveAnchor",
  "$dynamicRef",
  "$dynamicAnchor",
  "$id",
  "dependencies",
];

/** What is wrong with a schema, as the rest of a sentence. */
export class SchemaProblem extends Error {}

/** Reads a JSON Schema that a script gives for an answer: {@link readAnySchema}, and it is for an object. */
export function readSchema(given: unknown): object {
  try {
    const schema = readAnySchema(given);
    const types =
      schema["type"] === undefined && isObject(schema["properties"]) ? ["object"] : typesOf(schema);
    if (types?.length === 1 && types[0] === "object") return schema;
    throw problem('it describes an object (type: "object"); put what else you want into a property');
  } catch (error) {
    if (error instanceof SchemaProblem)
      throw new Error(`agent(): schema: ${error.message}.`, { cause: error });
    throw error;
  }
}

/**
 * Reads a JSON Schema that a script gives. Throws a {@link SchemaProblem} when nothing could ever fit it, and when checking
 * it could take without end.
 */
export function readAnySchema(given: unknown): JsonObject {
  if (!isObject(given)) throw problem("it is a JSON Schema: an object");
  const text = JSON.stringify(given);
  if (text.length > MAX_SCHEMA_CHARS)
    throw problem(`it has ${text.length} characters; at most ${MAX_SCHEMA_CHARS}`);
  inspect(given, given, 0, { within: new Map(), open: new Set() });
  return given;
}

type Seen = { within: Map<object, number>; open: Set<object> };

/** Looks at a schema and all that it holds; gives back how many schemas one value may have to be held against. */
function inspect(schema: unknown, root: JsonObject, depth: number, seen: Seen): number {
  if (schema === true) return 1;
  if (schema === false) return 1;
  if (!isObject(schema)) throw problem("each schema in it is an object, true or false");
  if (depth > MAX_DEPTH) throw problem("it is nested too deeply");
  const known = seen.within.get(schema);
  if (known !== undefined) return known;
  if (seen.open.has(schema)) throw problem("it refers to itself without end");
  seen.open.add(schema);
  checkKeywords(schema);
  const { $ref } = schema;
  let alternatives = 1;
  const add = (each: unknown) => (alternatives += inspect(each, root, depth + 1, seen));
  if ($ref !== undefined) add(follow($ref, root));
  for (const name of SAME.one) if (schema[name] !== undefined) add(schema[name]);
  for (const name of SAME.many) for (const each of listOf(schema, name)) add(each);
  if (alternatives > MAX_ALTERNATIVES) throw problem("it has too many alternatives to check");
  seen.open.delete(schema);
  seen.within.set(schema, alternatives);
  // What is within a value is another value: there a schema may refer back.
  const inner: Seen = { within: seen.within, open: new Set() };
  for (const name of WITHIN.one)
    if (schema[name] !== undefined && !Array.isArray(schema[name]))
      inspect(schema[name], root, depth + 1, inner);
  for (const name of WITHIN.many)
    for (const each of listOf(schema, name)) inspect(each, root, depth + 1, inner);
  for (const name of WITHIN.named)
    if (schema[name] !== undefined) {
      const named = schema[name];
      if (!isObject(named)) throw problem(`${name} is an object`);
      for (const each of Object.values(named)) inspect(each, root, depth + 1, inner);
    }
  refuseImpossible(schema);
  return alternatives;
}

function checkKeywords(schema: JsonObject): void {
  for (const name of REFUSED) if (schema[name] !== undefined) throw problem(`${name} is not supported`);
  const { pattern, type } = schema;
  if (type !== undefined && typesOf(schema) === null)
    throw problem("type is one of the types of JSON, or a list of them");
  if (pattern === undefined) return;
  if (typeof pattern !== "string" || pattern.length > MAX_PATTERN_CHARS)
    throw problem(`pattern is a regular expression of at most ${MAX_PATTERN_CHARS} characters`);
  try {
    RE2JS.compile(pattern);
  } catch {
    throw problem(
      `the pattern ${pattern.slice(0, 80)} is none that can be checked (RE2: nothing looks back or ahead)`,
    );
  }
}

const TYPES = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);

function typesOf({ type }: JsonObject): string[] | null {
  const list = Array.isArray(type) ? type : [type];
  return list.every((each) => typeof each === "string" && TYPES.has(each)) ? list.map(String) : null;
}

/** What nothing could ever fit, as far as it can be seen without trying. */
function refuseImpossible(schema: JsonObject): void {
  const above = (least: string, most: string) => {
    const [low, high] = [schema[least], schema[most]];
    return typeof low === "number" && typeof high === "number" && low > high;
  };
  for (const [least, most] of BOUNDS)
    if (above(least, most)) throw unsatisfiable(`${least} is above ${most}`);
  if (Array.isArray(schema["enum"]) && schema["enum"].length === 0) throw unsatisfiable("enum is empty");
  if (Array.isArray(schema["type"]) && schema["type"].length === 0) throw unsatisfiable("type is empty");
  for (const name of ["anyOf", "oneOf"])
    if (schema[name] !== undefined && listOf(schema, name).every(isNever))
      throw unsatisfiable(`${name} allows nothing`);
  if (listOf(schema, "allOf").some(isNever)) throw unsatisfiable("allOf holds one that allows nothing");
  const not = schema["not"];
  if (not === true || (isObject(not) && Object.keys(not).length === 0))
    throw unsatisfiable("not excludes everything");
  const kinds = [schema, ...listOf(schema, "allOf")].flatMap((each) => {
    const types = isObject(each) && each["type"] !== undefined ? typesOf(each) : null;
    return types === null ? [] : [widened(types)];
  });
  const common = kinds.reduce<string[] | null>(
    (left, types) => (left === null ? types : left.filter((type) => types.includes(type))),
    null,
  );
  if (common?.length === 0) throw unsatisfiable("its types exclude each other");
  const { required, properties, additionalProperties } = schema;
  if (!Array.isArray(required)) return;
  for (const name of required) {
    if (typeof name !== "string") throw problem("required is a list of names");
    const property = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property !== undefined && isNever(property))
      throw unsatisfiable(`${name} is required, and nothing fits it`);
    if (property === undefined && additionalProperties === false)
      throw unsatisfiable(`${name} is required, and not allowed`);
  }
}

const BOUNDS = [
  ["minimum", "maximum"],
  ["minLength", "maxLength"],
  ["minItems", "maxItems"],
  ["minProperties", "maxProperties"],
] as const;

function isNever(schema: unknown): boolean {
  return schema === false;
}

function widened(types: string[]): string[] {
  return types.includes("number") ? [...types, "integer"] : types;
}

function follow($ref: unknown, root: JsonObject): unknown {
  if (typeof $ref !== "string" || !($ref === "#" || $ref.startsWith("#/")))
    throw problem("a $ref begins with #/");
  let at: unknown = root;
  for (const part of $ref.split("/").slice(1)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = (isObject(at) || Array.isArray(at)) && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined;
  }
  if (at === undefined) throw problem(`there is nothing at ${$ref.slice(0, 200)}`);
  return at;
}

function listOf(schema: JsonObject, name: string): unknown[] {
  const list = schema[name];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw problem(`${name} is a list`);
  return list;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(what: string): SchemaProblem {
  return new SchemaProblem(what);
}

function unsatisfiable(why: string): SchemaProblem {
  return problem(`nothing could fit it: ${why}`);
}
