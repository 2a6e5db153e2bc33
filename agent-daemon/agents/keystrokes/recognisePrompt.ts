import { createHash } from "node:crypto";
import { findLine } from "./findLine.ts";
import { findMenu } from "./findMenu.ts";

/** A terminal's screen at one instant. */
export type PaneScreen = { lines: readonly string[]; cols: number; cursor: { x: number; y: number } };

/** A prompt on a screen, and what answers it. */
export type Prompt = {
  /** What it asks, in its own words. */
  question: string;
  /** The lines of the screen that it is, and those it is about. */
  excerpt: string[];
  /** Tells it from any other prompt, however wide the terminal is and whichever choice is marked. */
  fingerprint: string;
  allow: Keys;
  deny: Keys;
};

/** What is typed for an answer. Enter follows where the prompt waits for it: see `awaitsEnter`. */
export type Keys = { text: string; choice: number | null };

/** What was found, as lines of the screen. */
export type Found = Pick<Prompt, "question" | "allow" | "deny"> & {
  from: number;
  to: number;
  /** The number of the choice that Enter takes; null where there are no choices. */
  marked: number | null;
};

/** The prompt that a screen ends in; null when there is none that is understood. Pure. */
export function recognisePrompt(screen: PaneScreen): Prompt | null {
  const found = find(screen);
  if (found === null) return null;
  const { from, to, question, allow, deny } = found;
  const excerpt = screen.lines.slice(from, to + 1).map((line) => line.trimEnd());
  return { question, excerpt, fingerprint: fingerprintOf(screen, found), allow, deny };
}

/**
 * Whether the answer's text has been taken in and Enter is what is left: the choice is marked, or the text stands behind
 * the question. `before` is the screen that the text was typed on; when more than that has changed on it, the same
 * question may have been asked again.
 */
export function awaitsEnter(before: PaneScreen, keys: Keys, now: PaneScreen): boolean {
  const asked = find(before);
  const left = keys.choice === null ? withoutTyped(now, keys.text) : now;
  const asks = left === null ? null : find(left);
  if (asked === null || left === null || asks === null) return false;
  if (keys.choice !== null && asks.marked !== keys.choice) return false;
  const above = (screen: PaneScreen, { from }: Found) =>
    screen.lines
      .slice(0, from)
      .join("")
      .replace(/[^\p{L}\p{N}]+/gu, "");
  return (
    fingerprintOf(before, asked) === fingerprintOf(left, asks) && above(before, asked) === above(left, asks)
  );
}

/** The screen before a text was typed at the cursor; null when it was not. */
function withoutTyped(screen: PaneScreen, text: string): PaneScreen | null {
  const { x, y } = screen.cursor;
  const typed = (screen.lines[y] ?? "").slice(0, x);
  if (!typed.endsWith(text)) return null;
  const cursor = { x: x - text.length, y };
  return { ...screen, lines: screen.lines.with(y, typed.slice(0, cursor.x)), cursor };
}

function find(screen: PaneScreen): Found | null {
  return findMenu(screen) ?? findLine(screen);
}

/** Without what changes when the terminal does: spaces, frames, spinners, and the mark of the choice. */
function fingerprintOf({ lines }: PaneScreen, { from, to }: Found): string {
  const text = lines
    .slice(from, to + 1)
    .map((line) => plain(line).replace(MARK, ""))
    .join("");
  return createHash("sha256")
    .update(text.replace(/[\s\u2800-\u28ff]+/g, ""))
    .digest("hex");
}

/** What marks the choice that Enter takes. */
export const MARK = /^[❯›>●▶→▸]\s+/u;

/** A line without the frame around it. */
export function plain(line: string): string {
  return line.replace(/[\u2500-\u257f]/g, " ").trim();
}
