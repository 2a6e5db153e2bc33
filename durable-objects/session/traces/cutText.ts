import { redact } from "../../../protocol/redact.ts";
import { PREVIEW_CHARS, SPAN_TEXT_CHARS } from "../../../protocol/traces.ts";

/** How far a text is read beyond a cut, so that a secret which the cut goes through is known for one. */
const MARGIN_CHARS = 8 * 1024;

/** A text as a trace keeps it, without secrets: its beginning in the span, and the whole beside it when that is longer. */
export type CutText = {
  beginning: string;
  whole: string | null;
  /** Characters that the beginning leaves out. */
  cut: number;
};

/** Cuts a text for a trace. */
export function cutText(text: string): CutText {
  const read = redact(text.slice(0, SPAN_TEXT_CHARS + MARGIN_CHARS));
  const unread = Math.max(0, text.length - SPAN_TEXT_CHARS - MARGIN_CHARS);
  // What stands at the edge of what was read may be half a secret.
  const clean = unread === 0 ? read : read.slice(0, Math.max(0, read.length - MARGIN_CHARS));
  const length = read.length + unread;
  if (length <= PREVIEW_CHARS) return { beginning: clean, whole: null, cut: 0 };
  const kept = clean.slice(0, SPAN_TEXT_CHARS);
  const beginning = kept.slice(0, PREVIEW_CHARS - 1);
  const left = length - kept.length;
  return {
    beginning: `${beginning}…`,
    whole: left === 0 ? kept : `${kept}… (${left} characters more)`,
    cut: length - beginning.length,
  };
}
