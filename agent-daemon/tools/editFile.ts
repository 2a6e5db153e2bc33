import type { CommandResult } from "../../protocol/commands.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import type { CallStore } from "./callStore.ts";
import { onFile } from "./onFile.ts";
import { readText, replaceFile } from "./replaceFile.ts";
import type { ToolCall } from "./toolCall.ts";
import { told } from "./toolResult.ts";
import { unifiedDiff } from "./unifiedDiff.ts";

const SHOWN_LINES = 10;

/** Replaces text that occurs exactly once in a file; the result is what changed. */
export function editFileTool(
  input: ToolInput<"edit_file">,
  call: ToolCall,
  calls: CallStore,
): Promise<CommandResult> {
  return onFile(call, input.path, { use: "write" }, async (at) => {
    const read = await readText(at);
    if (!read.ok) return told(false, read.message);
    if (read.file === null) return told(false, `There is no ${at.label}.`);
    const before = read.file.text;
    if (input.old_text === input.new_text) return told(false, "The old and the new text are the same.");
    const places = occurrences(before, input.old_text);
    const [place] = places;
    if (place === undefined)
      return told(
        false,
        `The old text does not occur in ${at.label}. ${hint(before, input.old_text)}`.trim(),
      );
    if (places.length > 1) {
      const lines = places.slice(0, SHOWN_LINES).map((index) => lineOf(before, index));
      const more = places.length > SHOWN_LINES ? ", …" : "";
      return told(
        false,
        `The old text occurs ${places.length} times in ${at.label} (lines ${lines.join(", ")}${more}); give more of what is around it.`,
      );
    }
    const after = before.slice(0, place) + input.new_text + before.slice(place + input.old_text.length);
    const done = await replaceFile(at, read.file, after, { id: call.id, calls });
    return done.ok ? told(true, unifiedDiff(at.label, before, after)) : told(false, done.message);
  });
}

/** Where a text occurs, overlapping ones too: "aa" in "aaa" is not clear. */
function occurrences(text: string, wanted: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function hint(text: string, wanted: string): string {
  return text.includes("\r\n") && !wanted.includes("\r") && text.replaceAll("\r\n", "\n").includes(wanted)
    ? "Its lines end in CR LF."
    : "";
}
