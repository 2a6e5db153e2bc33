import { RE2JS } from "re2js";
import type { CommandOf, SearchMatch } from "../../protocol/commands.ts";

export type SearchRequest = Omit<CommandOf<"search">, "type">;

export type SearchOutcome =
  | { ok: true; matches: SearchMatch[]; more: boolean; searched: number }
  | { ok: false; code: "bad_pattern" | "too_slow"; message: string };

const DEFAULT_LIMIT = 100;
/** Instructions of a compiled pattern; the engine's time is characters × this at worst, and one line is never cut short. */
const MAX_PROGRAM = 1_000;
/** The other panes wait no longer than this for a search, and a search as a whole no longer than that. */
const SLICE_MS = 8;
const MAX_MS = 3_000;
/** Text of the result in all; a result must fit into a message. */
const MAX_RESULT_CHARS = 150_000;
const MAX_SHOWN_LINE = 2_000;

/** Searches lines (oldest first), newest match first. Linear in the text whatever the pattern, and never for long at a time. */
export async function searchLines(
  lines: readonly string[],
  request: SearchRequest,
  signal?: AbortSignal,
): Promise<SearchOutcome> {
  const test = compile(request);
  if (typeof test !== "function") return test;
  const limit = request.limit ?? DEFAULT_LIMIT;
  const matches: SearchMatch[] = [];
  const began = performance.now();
  let slice = began;
  let room = MAX_RESULT_CHARS;
  for (let i = lines.length - 1; i >= 0; i--) {
    if (performance.now() - slice > SLICE_MS) {
      if (performance.now() - began > MAX_MS || signal?.aborted === true) {
        return { ok: false, code: "too_slow", message: "The pattern takes too long; try a simpler one." };
      }
      await new Promise((resolve) => setImmediate(resolve));
      slice = performance.now();
    }
    const line = lines[i] ?? "";
    if (!test(line)) continue;
    if (matches.length === limit) return { ok: true, matches, more: true, searched: lines.length };
    const match: SearchMatch = {
      line: lines.length - 1 - i,
      text: line.slice(0, MAX_SHOWN_LINE),
      before: lines.slice(Math.max(0, i - (request.before ?? 0)), i).map(shorten),
      after: lines.slice(i + 1, i + 1 + (request.after ?? 0)).map(shorten),
    };
    room -= match.text.length + [...match.before, ...match.after].reduce((sum, text) => sum + text.length, 0);
    if (room < 0 && matches.length > 0) return { ok: true, matches, more: true, searched: lines.length };
    matches.push(match);
  }
  return { ok: true, matches, more: false, searched: lines.length };
}

function shorten(line: string): string {
  return line.slice(0, MAX_SHOWN_LINE);
}

function compile(request: SearchRequest): ((line: string) => boolean) | (SearchOutcome & { ok: false }) {
  if (request.regex !== true) {
    if (request.ignore_case !== true) return (line) => line.includes(request.pattern);
    const wanted = request.pattern.toLowerCase();
    return (line) => line.toLowerCase().includes(wanted);
  }
  try {
    const pattern = RE2JS.compile(request.pattern, request.ignore_case === true ? RE2JS.CASE_INSENSITIVE : 0);
    if (pattern.programSize() > MAX_PROGRAM) {
      return {
        ok: false,
        code: "bad_pattern",
        message: "The pattern is too large; use smaller repetitions.",
      };
    }
    return (line) => pattern.test(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, code: "bad_pattern", message: `The pattern is not valid: ${reason}.` };
  }
}
