import type { ModelMessage } from "ai";
import { summarizeCall } from "../../../protocol/tools.ts";

/** What messages of a model's conversation say, for a person who reads a trace. */
export function wordsOf(messages: ModelMessage[]): string {
  return messages
    .flatMap(({ content }) => (typeof content === "string" ? [content] : content.map(wordsOfPart)))
    .filter((words) => words !== "")
    .join("\n");
}

function wordsOfPart(part: Exclude<ModelMessage["content"], string>[number]): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "file":
      return `[${part.filename ?? "a file"}]`;
    case "tool-call":
      return summarizeCall(part.toolName, part.input);
    case "tool-result":
      return "value" in part.output && typeof part.output.value === "string" ? part.output.value : "";
    default:
      return "";
  }
}
