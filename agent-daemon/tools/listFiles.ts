import { lstat, readdir, readlink } from "node:fs/promises";
import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import { isHidden } from "./confine.ts";
import { explainFsError } from "./explainFsError.ts";
import { holdChild } from "./holdDirectory.ts";
import type { HeldDirectory } from "./holdDirectory.ts";
import { onDirectory } from "./onFile.ts";
import type { ToolCall } from "./toolCall.ts";
import { shown, told } from "./toolResult.ts";

/** Directories that are named but not looked into. */
export const SKIPPED: ReadonlySet<string> = new Set([".git", "node_modules"]);
const MAX_ENTRIES = 1_000;
const ROOM_BYTES = MAX_OUTPUT_BYTES - 512;

/** Lists a directory as a tree. */
export function listFilesTool(input: ToolInput<"list_files">, call: ToolCall): Promise<CommandResult> {
  return onDirectory(call, input.path ?? ".", "read", async (directory, label) => {
    const lines: string[] = [];
    let bytes = 0;
    /** Entries that did not fit, in the directories that were looked into. */
    let left = 0;

    async function list(held: HeldDirectory, depth: number, indent: string): Promise<void> {
      const names = (await readdir(held.path)).sort();
      for (const [index, name] of names.entries()) {
        if (call.signal.aborted) return;
        if (lines.length >= MAX_ENTRIES || bytes >= ROOM_BYTES) {
          left += names.length - index;
          return;
        }
        const entry = await describe(held, name);
        if (entry === null) continue;
        const line = `${indent}${entry.text}`;
        lines.push(line);
        bytes += Buffer.byteLength(line) + 1;
        if (!entry.directory || depth === 1 || SKIPPED.has(name)) continue;
        if (isHidden(call.place, `${held.real === "/" ? "" : held.real}/${name}`)) continue;
        await descend(held, name, depth - 1, `${indent}  `);
      }
    }

    async function descend(held: HeldDirectory, name: string, depth: number, indent: string): Promise<void> {
      let child: HeldDirectory | null = null;
      try {
        child = await holdChild(held, name);
        await list(child, depth, indent);
      } catch (error) {
        const message = explainFsError(error, name);
        if (message === null) throw error;
        lines.push(`${indent}[${message}]`);
      } finally {
        await child?.close();
      }
    }

    await list(directory, input.depth ?? 1, "");
    if (call.signal.aborted) return { status: "cancelled" };
    if (lines.length === 0) return told(true, `${label} is empty.`);
    const note =
      left === 0 ? [] : [`[${left} more entries are not shown; list a directory below, or with less depth]`];
    return told(true, [...lines, ...note].join("\n"));
  });
}

async function describe(
  held: HeldDirectory,
  name: string,
): Promise<{ text: string; directory: boolean } | null> {
  try {
    const facts = await lstat(held.at(name));
    const label = shown(name);
    if (facts.isDirectory()) return { text: `${label}/`, directory: true };
    if (facts.isSymbolicLink())
      return { text: `${label} -> ${shown(await readlink(held.at(name)))}`, directory: false };
    return { text: facts.isFile() ? `${label}  ${facts.size}` : `${label}  (special)`, directory: false };
  } catch {
    return null; // gone since its directory was read
  }
}
