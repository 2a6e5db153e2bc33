import { constants } from "node:fs";
import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import { cutEnd } from "../agents/codex/cutText.ts";
import { describeBinary } from "./collectOutput.ts";
import { openIn } from "./holdDirectory.ts";
import { onFile } from "./onFile.ts";
import type { ToolCall } from "./toolCall.ts";
import { told } from "./toolResult.ts";

const DEFAULT_LINES = 2_000;
const MAX_LINE_BYTES = 2_000;
/** Bytes looked through for the first line that is wanted. */
const MAX_SCAN_BYTES = 256 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** Where a NUL shows that a file is no text; as git does. */
const SNIFF_BYTES = 8_000;
const NOTES_BYTES = 512;

/** Reads lines of a file, each with its number. */
export function readFileTool(input: ToolInput<"read_file">, call: ToolCall): Promise<CommandResult> {
  return onFile(call, input.path, { use: "read" }, async (at) => {
    const handle = await openIn(at.parent, at.name, constants.O_RDONLY);
    try {
      const facts = await handle.stat();
      if (facts.isDirectory())
        return told(false, `${at.label} is a directory; list_files shows what is in it.`);
      if (!facts.isFile()) return told(false, `${at.label} is not a regular file.`);
      const lines = startLines(input.from_line ?? 1, input.lines ?? DEFAULT_LINES);
      const buffer = Buffer.alloc(CHUNK_BYTES);
      let position = 0;
      while (!lines.enough()) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, position);
        const chunk = buffer.subarray(0, bytesRead);
        if (position === 0 && chunk.subarray(0, SNIFF_BYTES).includes(0)) {
          const binary = describeBinary(chunk, facts.size);
          return told(false, `${at.label} is not text: ${binary.text}`, { cut: binary.cut });
        }
        if (bytesRead === 0) break;
        position += bytesRead;
        lines.add(chunk);
        if (call.signal.aborted) return { status: "cancelled" };
        if (position > MAX_SCAN_BYTES && lines.isBefore()) {
          return told(
            false,
            `Line ${input.from_line} of ${at.label} is not within its first ${MAX_SCAN_BYTES} bytes.`,
          );
        }
      }
      return lines.result(at.label, facts.size);
    } finally {
      await handle.close();
    }
  });
}

/** Numbers the wanted lines as bytes come; memory holds no more than what is shown. */
function startLines(from: number, count: number) {
  const shown: string[] = [];
  let room = MAX_OUTPUT_BYTES - NOTES_BYTES;
  let number = 1;
  /** The line that is not whole yet: its first bytes, and how many it has. */
  let open: Buffer[] = [];
  let openBytes = 0;
  let consumed = 0;
  let full = false;
  let cutInLines = 0;

  function keep(bytes: Buffer): void {
    const wanted = number >= from ? MAX_LINE_BYTES + 4 - openBytes : 0;
    if (wanted > 0) open.push(Buffer.from(bytes.subarray(0, wanted)));
    openBytes += bytes.length;
  }

  function endLine(end: number): void {
    if (number >= from) {
      const text = Buffer.concat(open).toString("utf8").replace(/\r$/, "").replaceAll("\0", "␀");
      const over = Math.max(0, openBytes - MAX_LINE_BYTES - 4);
      const line = `${String(number).padStart(6)}\t${cutEnd(text, MAX_LINE_BYTES, over)}`;
      const size = Buffer.byteLength(line) + 1;
      if (size > room) {
        full = true;
        return;
      }
      room -= size;
      shown.push(line);
      cutInLines += over;
    }
    consumed += openBytes + end;
    number += 1;
    open = [];
    openBytes = 0;
  }

  const enough = () => full || number >= from + count;
  return {
    enough,
    isBefore: () => number < from,
    add(chunk: Buffer) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0 && !enough(); end = chunk.indexOf(10, start)) {
        keep(chunk.subarray(start, end));
        endLine(1);
        start = end + 1;
      }
      if (!enough()) keep(chunk.subarray(start));
    },
    result(label: string, size: number): CommandResult {
      if (!enough() && openBytes > 0) endLine(0);
      if (shown.length === 0) {
        if (size === 0) return told(true, `${label} is empty.`);
        return told(false, `${label} has ${number - 1} lines; there is no line ${from}.`);
      }
      const rest = Math.max(0, size - consumed);
      const note = rest === 0 ? [] : [`[${rest} more bytes follow; go on with from_line ${number}]`];
      return told(true, [...shown, ...note].join("\n"), { cut: full ? rest + cutInLines : cutInLines });
    },
  };
}
