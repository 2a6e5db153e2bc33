import { format, Validator } from "@cfworker/json-schema";
import { RE2JS } from "re2js";

/** Errors that the model is told at most. */
const TOLD_ERRORS = 8;
/** Levels of an answer: a schema that refers to itself is checked once for each. */
const MAX_ANSWER_DEPTH = 64;

/** An answer that fits its schema, or what is wrong with it in words for the model. */
export type ReadAnswer = { ok: true; value: unknown } | { ok: false; why: string };

/** Finds the JSON object in what an agent said, and holds it against the schema. */
export function readAnswer(text: string, schema: object): ReadAnswer {
  const found = findObject(text);
  if (found === undefined) return { ok: false, why: "There is no JSON object in it." };
  if (depthOf(found) > MAX_ANSWER_DEPTH) return { ok: false, why: "It is nested too deeply." };
  const patterns = new Map<string, RE2JS>();
  const checked = withoutPatterns(schema, patterns);
  // The library would run the expressions as they are; some never end. These do.
  for (const [name, pattern] of patterns) format[name] = (value) => pattern.matcher(value).find();
  try {
    const { valid, errors } = new Validator(checked, "2020-12", false).validate(found);
    if (valid) return { ok: true, value: found };
    const told = errors
      .filter(({ keyword }) => !OUTER.has(keyword))
      .slice(0, TOLD_ERRORS)
      .map(({ instanceLocation, error }) => `${instanceLocation.slice(1) || "/"}: ${error}`);
    return { ok: false, why: told.join("\n") || "It does not fit the schema." };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, why: "It is nested too deeply." };
    throw error;
  } finally {
    for (const name of patterns.keys()) delete format[name];
  }
}

/** Errors that only say that there are others below them. */
const OUTER = new Set(["properties", "items", "prefixItems", "$ref", "allOf"]);

/** The last JSON object that stands in a text: all of it, in a fence, or among words. */
function findObject(text: string): unknown {
  const fences = [...text.matchAll(/```(?:json)?\s*\n([\s\S]*?)```/g)].map(([, inside = ""]) => inside);
  for (const candidate of [text, ...fences.toReversed()]) {
    const value = parseObject(candidate);
    if (value !== undefined) return value;
  }
  return lastObject(text);
}

const MOST_BEGINNINGS = 200;

function lastObject(text: string): unknown {
  const end = text.lastIndexOf("}");
  let begin = text.indexOf("{");
  for (let tries = 0; begin !== -1 && begin < end && tries < MOST_BEGINNINGS; tries++) {
    const value = parseObject(text.slice(begin, end + 1));
    if (value !== undefined) return value;
    begin = text.indexOf("{", begin + 1);
  }
  return undefined;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function depthOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (level.length > 0 && depth <= MAX_ANSWER_DEPTH) {
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
