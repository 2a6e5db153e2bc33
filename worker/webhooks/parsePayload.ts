import type { JSONValue } from "@jmespath-community/jmespath";

/** Reads JSON into objects that inherit nothing: an expression finds what was sent, and nothing else. Throws a SyntaxError. */
export function parsePayload(text: string): JSONValue {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.assign(Object.create(null), value)
      : value,
  );
}
