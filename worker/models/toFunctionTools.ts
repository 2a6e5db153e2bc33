import type { LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import * as z from "zod";

/** Tools as a model is told of them, by name; nothing here carries them out. */
export type ToolSchemas = Record<string, { description: string; input: z.ZodType }>;

const known = new WeakMap<z.ZodType, LanguageModelV4FunctionTool["inputSchema"]>();

/** Describes tools to a model. Their order is kept: a prompt cache holds only while the beginning stays the same. */
export function toFunctionTools(tools: ToolSchemas): LanguageModelV4FunctionTool[] {
  return Object.entries(tools).map(([name, { description, input }]) => {
    let inputSchema = known.get(input);
    if (inputSchema === undefined) {
      const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input", target: "draft-7" });
      inputSchema = schema;
      known.set(input, inputSchema);
    }
    return { type: "function", name, description, inputSchema };
  });
}
