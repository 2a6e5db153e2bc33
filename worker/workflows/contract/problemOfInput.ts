import { checkArgs } from "./checkArgs.ts";
import { metaOf } from "./metaOf.ts";

/** Longest JSON of a run's arguments. */
export const MAX_ARGS_CHARS = 512 * 1024;
export const ARGS_TOO_LONG = `The arguments have at most ${MAX_ARGS_CHARS} characters as JSON.`;

/** Why a script cannot be begun with these arguments; null when it can. */
export function problemOfInput(script: string, args: unknown): string | null {
  const { meta, problem } = metaOf(script, "");
  if (problem !== undefined) return problem;
  if (isTooLong(args)) return ARGS_TOO_LONG;
  return checkArgs(meta, args);
}

export function isTooLong(args: unknown): boolean {
  return (JSON.stringify(args) ?? "").length > MAX_ARGS_CHARS;
}
