import { redact } from "../../../protocol/redact.ts";
import { PREVIEW_CHARS } from "../../../protocol/traces.ts";

/** What is looked at: enough that a secret is found whole before the cut goes through it. */
const WINDOW_CHARS = 8 * PREVIEW_CHARS;

/** The beginning of a text as a trace keeps it: without secrets, and short. */
export function preview(text: string): string {
  const clean = redact(text.slice(0, WINDOW_CHARS));
  return clean.length <= PREVIEW_CHARS && text.length <= WINDOW_CHARS
    ? clean
    : `${clean.slice(0, PREVIEW_CHARS - 1)}…`;
}
