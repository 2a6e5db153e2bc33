import { checkValue } from "./checkValue.ts";

/** An answer that fits its schema, or what is wrong with it in words for the model. */
export type ReadAnswer = { ok: true; value: unknown } | { ok: false; why: string };

/** Finds the JSON object in what an agent said, and holds it against the schema. */
export function readAnswer(text: string, schema: object): ReadAnswer {
  const found = findObject(text);
  if (found === undefined) return { ok: false, why: "There is no JSON object in it." };
  const why = checkValue(found, schema);
  return why === null ? { ok: true, value: found } : { ok: false, why };
}

/** The last JSON object that stands in a text: all of it, in a fence, or among words. */
function findObject(text: string): unknown {
  const fences = [...text.matchAll(/```(?:json)?[^\S\n]*\n([\s\S]*?)```/g)].map(([, inside = ""]) => inside);
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
