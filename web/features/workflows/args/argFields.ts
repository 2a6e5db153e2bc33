import * as z from "zod";

/** What a field of a form asks for. `json`: what no field can show. */
export type ArgKind =
  | { kind: "text"; multiline: boolean }
  | { kind: "number"; integer: boolean; least: number | undefined; most: number | undefined }
  | { kind: "boolean" }
  | { kind: "choice"; options: (string | number)[] }
  | { kind: "texts" }
  | { kind: "group"; fields: ArgField[] }
  | { kind: "json" };

/** One field of the form for a workflow's arguments. */
export type ArgField = ArgKind & {
  name: string;
  label: string;
  hint: string | undefined;
  required: boolean;
  /** What stands in it before anybody has typed. */
  preset: unknown;
};

/** The parts of a JSON Schema that a form is made from; what is written wrongly counts as not said. */
const Shape = z.object({
  type: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .catch(undefined),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  default: z.unknown().optional(),
  format: z.string().optional().catch(undefined),
  maxLength: z.number().optional().catch(undefined),
  minimum: z.number().optional().catch(undefined),
  maximum: z.number().optional().catch(undefined),
  enum: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .optional()
    .catch(undefined),
  items: z.object({ type: z.string().optional(), enum: z.unknown().optional() }).optional().catch(undefined),
  properties: z.record(z.string(), z.unknown()).optional().catch(undefined),
  required: z.array(z.string()).catch([]).default([]),
});
type Shape = z.infer<typeof Shape>;

/** A longer text than this gets more than one line. */
const ONE_LINE = 200;
/** Objects within objects that get fields of their own. */
const MOST_DEPTH = 3;

/** The fields for arguments of a schema; null when it is for no object, or names nothing in it. */
export function argFields(schema: unknown, depth = 0): ArgField[] | null {
  const { success, data } = Shape.safeParse(schema);
  if (!success || data.properties === undefined || depth > MOST_DEPTH) return null;
  if (data.type !== undefined && ![data.type].flat().includes("object")) return null;
  const fields = Object.entries(data.properties).map(([name, property]): ArgField => {
    const shape = Shape.safeParse(property).data;
    return {
      ...kindOf(shape, property, depth),
      name,
      label: shape?.title ?? name,
      hint: shape?.description,
      required: data.required.includes(name),
      preset: shape?.default,
    };
  });
  return fields.length === 0 ? null : fields;
}

function kindOf(shape: Shape | undefined, property: unknown, depth: number): ArgKind {
  if (shape === undefined) return { kind: "json" };
  if (shape.enum !== undefined) return { kind: "choice", options: shape.enum };
  switch (shape.type) {
    case "string":
      return { kind: "text", multiline: shape.format === "multiline" || (shape.maxLength ?? 0) > ONE_LINE };
    case "number":
    case "integer": {
      const { type, minimum: least, maximum: most } = shape;
      return { kind: "number", integer: type === "integer", least, most };
    }
    case "boolean":
      return { kind: "boolean" };
    case "array":
      return shape.items?.type === "string" && shape.items.enum === undefined
        ? { kind: "texts" }
        : { kind: "json" };
    default: {
      const fields = argFields(property, depth + 1);
      return fields === null ? { kind: "json" } : { kind: "group", fields };
    }
  }
}
