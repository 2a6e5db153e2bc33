import * as z from "zod";
import { isToolName, TOOLS, type ToolName } from "../../../protocol/tools.ts";
import { parseArgv } from "../../shared/lib/parseArgv.ts";
import { quoteArgv } from "../../shared/lib/quoteArgv.ts";

/** One field of a tool's input: a line of words, text, a number, or yes and no. */
export type InputField = {
  name: string;
  kind: "words" | "text" | "number" | "flag" | "json";
  optional: boolean;
  hint: string | null;
};

/** An input as it stands in fields; an optional one that is empty is left out. */
export type InputDraft = Record<string, string>;
export type ReadInput =
  | { ok: true; input: Record<string, unknown> }
  | { ok: false; errors: Record<string, string> };

/** Key of the errors of an input that is edited as JSON. */
export const AS_JSON = "";

/** The fields of a tool's input, by its own schema; null for a tool that is not known here, whose input is edited as JSON. */
export function fieldsOf(tool: string): InputField[] | null {
  if (!isToolName(tool)) return null;
  return Object.entries(schemaOf(tool).shape).map(([name, schema]) => {
    const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    return {
      name,
      kind: kindOf(inner),
      optional: schema instanceof z.ZodOptional,
      hint: schema.description ?? descriptionOf(inner),
    };
  });
}

function schemaOf(tool: ToolName): z.ZodObject<Record<string, z.ZodType>> {
  return TOOLS[tool].input;
}

function kindOf(schema: unknown): InputField["kind"] {
  if (schema instanceof z.ZodString) return "text";
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodBoolean) return "flag";
  return schema instanceof z.ZodArray && schema.element instanceof z.ZodString ? "words" : "json";
}

function descriptionOf(schema: unknown): string | null {
  return schema instanceof z.ZodType ? (schema.description ?? null) : null;
}

/** An input's JSON text as an object; null when it is none. */
export function parseInput(json: string): Record<string, unknown> | null {
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not JSON
  }
}

/** An input in its fields. */
export function draftOf(tool: string, input: Record<string, unknown>): InputDraft {
  const fields = fieldsOf(tool);
  if (fields === null) return { [AS_JSON]: JSON.stringify(input, null, 2) };
  return Object.fromEntries(fields.map(({ name, kind }) => [name, written(kind, input[name])]));
}

function written(kind: InputField["kind"], value: unknown): string {
  if (value === undefined) return "";
  if (kind === "words" && Array.isArray(value)) return quoteArgv(value.map(String));
  if (kind === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

/** The input that a draft means, checked by the tool's own schema. */
export function readInput(tool: string, draft: InputDraft): ReadInput {
  const fields = fieldsOf(tool);
  if (fields === null || !isToolName(tool)) {
    const input = parseInput(draft[AS_JSON] ?? "");
    return input === null
      ? { ok: false, errors: { [AS_JSON]: "This is not a JSON object." } }
      : { ok: true, input };
  }
  const errors: Record<string, string> = {};
  const input: Record<string, unknown> = {};
  for (const { name, kind, optional } of fields) {
    const text = draft[name] ?? "";
    if (text === "" && optional) continue;
    const read = readField(kind, text);
    if (read.ok) input[name] = read.value;
    else errors[name] = read.message;
  }
  const parsed = schemaOf(tool).safeParse(input);
  for (const { path, message } of parsed.error?.issues ?? [])
    errors[String(path[0] ?? AS_JSON)] ??= `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  return parsed.success && Object.keys(errors).length === 0
    ? { ok: true, input: parsed.data }
    : { ok: false, errors };
}

function readField(
  kind: InputField["kind"],
  text: string,
): { ok: true; value: unknown } | { ok: false; message: string } {
  switch (kind) {
    case "text":
      return { ok: true, value: text };
    case "flag":
      return { ok: true, value: text === "true" };
    case "number": {
      const value = Number(text);
      return text.trim() === "" || !Number.isFinite(value)
        ? { ok: false, message: "This is not a number." }
        : { ok: true, value };
    }
    case "words": {
      const parsed = parseArgv(text);
      return parsed.ok ? { ok: true, value: parsed.argv } : parsed;
    }
    case "json":
      try {
        return { ok: true, value: JSON.parse(text) };
      } catch {
        return { ok: false, message: "This is not JSON." };
      }
  }
}

/** An input as text to be compared: one field after the other, words on lines of their own. */
export function inputText(input: Record<string, unknown>): string {
  return Object.entries(input)
    .map(([name, value]) => {
      if (typeof value === "string") return value.includes("\n") ? `${name}:\n${value}` : `${name}: ${value}`;
      if (Array.isArray(value) && value.every((word) => typeof word === "string"))
        return `${name}:\n${value.map((word) => `  ${quoteArgv([word])}`).join("\n")}`;
      return `${name}: ${JSON.stringify(value)}`;
    })
    .join("\n");
}
