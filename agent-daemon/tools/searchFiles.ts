import { lstat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import { cutEnd } from "../agents/codex/cutText.ts";
import { confine, isHidden } from "./confine.ts";
import { explainFsError } from "./explainFsError.ts";
import { holdDirectory } from "./holdDirectory.ts";
import { labelOf } from "./onFile.ts";
import { searchByRipgrep } from "./searchByRipgrep.ts";
import { searchByWalk } from "./searchByWalk.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused, told } from "./toolResult.ts";

const DEFAULT_LIMIT = 100;
const MAX_LINE_BYTES = 400;
const NOTES_BYTES = 512;

/** A line that matches; `path` from the directory that is searched. */
export type Found = { path: string; line: number; text: string };
/** `more`: it was ended before everything had been looked at, by the limit or the time. */
export type Searched =
  | { ok: true; more: "no" | "limit" | "time" }
  | { ok: false; missing: boolean; message: string };

/** Searches the files below a path: by ripgrep where it is installed, else by a walk of our own. */
export async function searchFilesTool(
  input: ToolInput<"search_files">,
  call: ToolCall,
  tools: { ripgrep: string; env: NodeJS.ProcessEnv },
): Promise<CommandResult> {
  const confined = await confine(call.place, input.path ?? ".", "read");
  if (!confined.ok) return refused(confined.code, confined.message);
  const label = labelOf(call.place.root, confined.path);
  try {
    const facts = await lstat(confined.path);
    const whole = facts.isDirectory();
    const directory = whole ? confined.path : dirname(confined.path);
    const held = await holdDirectory(directory);
    try {
      const hits = startHits(input.limit ?? DEFAULT_LIMIT, (path) => {
        const real = `${directory === "/" ? "" : directory}/${path}`;
        return isHidden(call.place, real) ? null : labelOf(call.place.root, real);
      });
      const request = { pattern: input.pattern, signal: call.signal, found: hits.add };
      // A single file is opened by ourselves: ripgrep would follow a link in its place.
      let searched: Searched = whole
        ? await searchByRipgrep({ ...request, ...tools, cwd: held.path })
        : { ok: false, missing: true, message: "" };
      if (!searched.ok && searched.missing) {
        searched = await searchByWalk({
          ...request,
          directory: held,
          only: whole ? null : basename(confined.path),
        });
      }
      if (call.signal.aborted) return { status: "cancelled" };
      return searched.ok ? hits.result(searched.more) : told(false, searched.message);
    } finally {
      await held.close();
    }
  } catch (error) {
    const message = explainFsError(error, label);
    if (message === null) throw error;
    return told(false, message);
  }
}

/** Collects what is found, in the bounds of the result. */
function startHits(limit: number, labelOfFile: (path: string) => string | null) {
  const lines: string[] = [];
  let room = MAX_OUTPUT_BYTES - NOTES_BYTES;
  return {
    /** Takes a line; false when there is no room for it, and the search can end. */
    add({ path, line, text }: Found): boolean {
      const label = labelOfFile(path);
      if (label === null) return true;
      const shownLine = `${label}:${line}: ${cutEnd(text.replace(/[\r\n]+$/, ""), MAX_LINE_BYTES)}`;
      room -= Buffer.byteLength(shownLine) + 1;
      if (lines.length >= limit || room < 0) return false;
      lines.push(shownLine);
      return true;
    },
    result(more: "no" | "limit" | "time"): CommandResult {
      const sorted = lines.sort(byPlace);
      const note =
        more === "no"
          ? []
          : [
              more === "time"
                ? "[the search was ended: it took too long]"
                : "[there are more; search in less, or for less]",
            ];
      const text = [...(sorted.length === 0 ? ["Nothing was found."] : sorted), ...note].join("\n");
      return told(true, text);
    },
  };
}

/** By file, then by line: ripgrep searches files side by side. */
function byPlace(a: string, b: string): number {
  const [left, right] = [a, b].map((line) => /^(.*?):(\d+): /.exec(line));
  if (left === undefined || right === undefined || left === null || right === null) return 0;
  const [leftPath = "", rightPath = ""] = [left[1], right[1]];
  if (leftPath !== rightPath) return leftPath < rightPath ? -1 : 1;
  return Number(left[2]) - Number(right[2]);
}
