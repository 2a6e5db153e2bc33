import { format, Validator } from "@cfworker/json-schema";
import { RE2JS } from "re2js";

/** Errors that are told at most. */
const TOLD_ERRORS = 8;
/** Levels of a value: a schema that refers to itself is checked once for each. */
const MAX_DEPTH = 64;

/** Holds a value against a schema that was read before. What is wrong with it, a line each; null when it fits. */
export function checkValue(value: unknown, schema: object): string | null {
  if (depthOf(value) > MAX_DEPTH) return "It is nested too deeply.";
  const patterns = new Map<string, RE2JS>();
  const checked = withoutPatterns(schema, patterns);
  // The library would run the expressions as they are; some never end. These do.
  for (const [name, pattern] of patterns) format[name] = (text) => pattern.matcher(text).find();
  try {
    const { valid, errors } = new Validator(checked, "2020-12", false).validate(value);
    if (valid) return null;
    const told = errors
      .filter(({ keyword }) => !OUTER.has(keyword))
      .slice(0, TOLD_ERRORS)
      .map(({ instanceLocation, error }) => `${instanceLocation.slice(1) || "/"}: ${error}`);
    return told.join("\n") || "It does not fit the schema.";
  } catch (error) {
    if (error instanceof RangeError) return "It is nested too deeply.";
    throw error;
  } finally {
    for (const name of patterns.keys()) delete format[name];
  }
}

/** Errors that only say that there are others below them. */
const OUTER = new Set(["properties", "items", "prefixItems", "$ref", "allOf"]);

function depthOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (level.length > 0 && depth <= MAX_DEPTH) {
    depth += 1;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return depth;
}

function withoutPatterns(schema: object, patterns: Map<string, RE2JS>): object {
  return JSON.parse(
    JSON.stringify(schema, (_, each: unknown) => {
      if (typeof each !== "object" || each === null || Array.isArray(each) || !("pattern" in each))
        return each;
      const { pattern, ...rest } = each;
      if (typeof pattern !== "string") return each;
      const name = `pattern ${pattern}`;
      patterns.set(name, RE2JS.compile(pattern));
      const allOf: unknown[] = "allOf" in rest && Array.isArray(rest.allOf) ? rest.allOf : [];
      return { ...rest, allOf: [...allOf, { format: name }] };
    }),
  );
}
