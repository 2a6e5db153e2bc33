import type { CommandResult } from "../../protocol/commands.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import type { CallStore } from "./callStore.ts";
import { onFile } from "./onFile.ts";
import { readText, replaceFile } from "./replaceFile.ts";
import type { ToolCall } from "./toolCall.ts";
import { told } from "./toolResult.ts";
import { unifiedDiff } from "./unifiedDiff.ts";

/** Writes a whole file; the result is what changed. */
export function writeFileTool(
  input: ToolInput<"write_file">,
  call: ToolCall,
  calls: CallStore,
): Promise<CommandResult> {
  return onFile(call, input.path, { use: "write", make: true }, async (at) => {
    const read = await readText(at);
    if (!read.ok) return told(false, read.message);
    const before = read.file;
    if (before?.text === input.text) return told(true, `${at.label} holds exactly this already.`);
    const done = await replaceFile(at, before, input.text, { id: call.id, calls });
    if (!done.ok) return told(false, done.message);
    const diff = unifiedDiff(at.label, before?.text ?? null, input.text);
    return told(true, diff === "" ? `${at.label} was made, and is empty.` : diff);
  });
}
