import * as z from "zod";
import type { ToolSchemas } from "./toFunctionTools.ts";

/** The input of a call as its tool takes it, or what is wrong with it in words that the model understands. */
export type ReadCall = { input: unknown; error: string | null };

const SHOWN_CHARACTERS = 200;

/** Reads the input of a tool call, which is JSON text that a model wrote. */
export function readCall(tools: ToolSchemas, tool: string, json: string): ReadCall {
  let input: unknown;
  try {
    input = json.trim() === "" ? {} : JSON.parse(json);
  } catch {
    // A model's mistake, or an answer that was cut at its longest: the model is told.
    const end = json.length > SHOWN_CHARACTERS ? `…${json.slice(-SHOWN_CHARACTERS)}` : json;
    return { input: null, error: `The input of ${tool} is not JSON: ${end}` };
  }
  const schema = Object.hasOwn(tools, tool) ? tools[tool]?.input : undefined;
  if (schema === undefined) {
    return { input, error: `There is no tool ${tool}. There are: ${Object.keys(tools).join(", ")}.` };
  }
  const read = schema.safeParse(input);
  if (read.success) return { input: read.data, error: null };
  const wrong = z.prettifyError(read.error).replace(/\s+/g, " ");
  return { input, error: `The input of ${tool} does not fit its schema: ${wrong}` };
}
