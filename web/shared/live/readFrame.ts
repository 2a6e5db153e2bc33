import * as z from "zod";

const Typed = z.looseObject({ type: z.string() });

/**
 * A frame from the wire. `unknown`: a type of a newer server, to be ignored.
 * `malformed`: not a frame, or one of a known type that says nothing sensible.
 */
export function readFrame<T extends z.ZodDiscriminatedUnion>(
  schema: T,
  data: string | ArrayBuffer,
): z.infer<T> | "unknown" | "malformed" {
  const json = typeof data === "string" ? parseJson(data) : undefined;
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const typed = Typed.safeParse(json);
  if (!typed.success) return "malformed";
  return knownTypes(schema).has(typed.data.type) ? "malformed" : "unknown";
}

function knownTypes(schema: z.ZodDiscriminatedUnion): Set<unknown> {
  const types = new Set<unknown>();
  for (const option of schema.options) {
    const type = option instanceof z.ZodObject ? option.shape["type"] : undefined;
    if (type instanceof z.ZodLiteral) for (const value of type.values) types.add(value);
  }
  return types;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the schema then refuses it
  }
}
