import type * as z from "zod";

/** A text frame: read, of a type this version does not know (ignored), or malformed (with a reason for the close). */
export type Parsed<T> = { ok: true; frame: T } | { ok: false; ignore: boolean; reason: string };

/** Parses a JSON frame by a union over `type`. */
export function parseFrame<T>(schema: z.ZodType<T>, types: ReadonlySet<string>, text: string): Parsed<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, ignore: false, reason: "The frame is not JSON." };
  }
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : undefined;
  if (typeof type !== "string") return { ok: false, ignore: false, reason: "The frame has no type." };
  if (!types.has(type)) return { ok: false, ignore: true, reason: `Unknown frame ${type}.` };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, frame: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    ignore: false,
    reason: `${type}.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "malformed"}`,
  };
}
