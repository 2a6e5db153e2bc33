type Schema = Record<string, unknown>;

const MOST_DEPTH = 8;

/** Something small that fits a JSON Schema, as far as one can tell without trying: what the offline model answers with. */
export function sampleOf(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (!isSchema(schema) || depth > MOST_DEPTH) return null;
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  if (typeof schema["$ref"] === "string") return sampleOf(follow(schema["$ref"], root), root, depth + 1);
  const choices: unknown = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices) && schema["type"] === undefined) return sampleOf(choices[0], root, depth + 1);
  const [type] = [schema["type"] ?? "object"].flat();
  switch (type) {
    case "object": {
      const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
      const names = Object.keys(properties);
      return Object.fromEntries(names.map((name) => [name, sampleOf(properties[name], root, depth + 1)]));
    }
    case "array": {
      const count = Math.min(10, Math.max(depth < MOST_DEPTH - 2 ? 1 : 0, numberOf(schema["minItems"]) ?? 0));
      return Array.from({ length: count }, () => sampleOf(schema["items"], root, depth + 1));
    }
    case "number":
    case "integer":
      return numberOf(schema["minimum"]) ?? Math.min(1, numberOf(schema["maximum"]) ?? 1);
    case "boolean":
      return true;
    case "string":
      return "offline"
        .padEnd(numberOf(schema["minLength"]) ?? 0, "!")
        .slice(0, numberOf(schema["maxLength"]));
    default:
      return null;
  }
}

function follow(ref: string, root: unknown): unknown {
  let at = root;
  for (const name of ref.split("/").slice(1)) at = isSchema(at) ? at[name] : undefined;
  return at;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
