import { format, Validator } from "@cfworker/json-schema";
import { RE2JS } from "re2js";

/** Errors that are told at most. */
const TOLD_ERRORS = 8;
/** Levels of a value: a schema that refers to itself is checked once for each. */
const MAX_DEPTH = 64;
/** Items of a list that are compared with each other. */
const MOST_COMPARED = 2_000;

/** Holds a value against a schema that was read before. What is wrong with it, a line each; null when it fits. */
export function checkValue(value: unknown, schema: object): string | null {
  if (depthOf(value) > MAX_DEPTH) return "It is nested too deeply.";
  if (JSON.stringify(schema).includes('"uniqueItems":true') && longestOf(value) > MOST_COMPARED)
    return `A list in it is too long: at most ${MOST_COMPARED} items can be compared with each other.`;
  const patterns = new Map<string, RE2JS>();
  try {
    const checked = Object(withoutPatterns(schema, patterns));
    for (const [name, pattern] of patterns) format[name] = (text) => pattern.matcher(text).find();
    const { valid, errors } = new Validator(checked, "2020-12", false).validate(value);
    if (valid) return null;
    const told = errors
      .filter(({ keyword }) => !OUTER.has(keyword))
      .slice(0, TOLD_ERRORS)
      .map(({ instanceLocation, error }) => `${instanceLocation.slice(1) || "/"}: ${error}`);
    return told.join("\n") || "It does not fit the schema.";
  } catch (error) {
    if (error instanceof RangeError) return "It is nested too deeply.";
    return `It cannot be held against its schema: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    for (const name of patterns.keys()) delete format[name];
  }
}

/** Errors that only say that there are others below them. */
const OUTER = new Set(["properties", "items", "prefixItems", "$ref", "allOf"]);

function longestOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? value.length : 0;
  return Object.values(value).reduce<number>((most, each) => Math.max(most, longestOf(each)), own);
}

function depthOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (level.length > 0 && depth <= MAX_DEPTH) {
    depth += 1;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return depth;
}

/** Keywords whose value is data, and those that hold schemas by names of somebody's choice. */
const DATA = new Set(["const", "enum", "default"]);
const NAMED = new Set(["properties", "$defs", "definitions", "dependentSchemas"]);

/** A schema as the library may have it: it would run the expressions as they are, and some never end; ours do. */
function withoutPatterns(schema: unknown, patterns: Map<string, RE2JS>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => withoutPatterns(each, patterns));
  if (!isObject(schema)) return schema;
  const { pattern, ...rest } = schema;
  const inner = Object.entries(rest).map(([name, value]) => [
    name,
    DATA.has(name) ? value : withoutPatternsIn(name, value, patterns),
  ]);
  const clean: Record<string, unknown> = Object.fromEntries(inner);
  if (typeof pattern !== "string") return clean;
  const name = `pattern ${pattern}`;
  patterns.set(name, RE2JS.compile(pattern));
  return { ...clean, allOf: [...(Array.isArray(clean["allOf"]) ? clean["allOf"] : []), { format: name }] };
}

function withoutPatternsIn(name: string, value: unknown, patterns: Map<string, RE2JS>): unknown {
  if (!NAMED.has(name) || !isObject(value)) return withoutPatterns(value, patterns);
  const entries = Object.entries(value).map(([own, each]) => [own, withoutPatterns(each, patterns)]);
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
