import type { Found, PaneScreen } from "./recognisePrompt.ts";

/** Lines above the question that are shown with it. */
const SUBJECT_LINES = 10;
/** A question that is wider than the terminal goes over so many rows. */
const MOST_ROWS = 4;

type Answers = { yes: string; no: string };
const LETTERS: Answers = { yes: "y", no: "n" };

/** How questions at the cursor end, and what answers them. */
const ENDS: readonly [RegExp, Answers][] = [
  [/[[(]\s*yes\s*[/|]\s*no\b[^\])]*[\])]\s*[:?>]?$/i, { yes: "yes", no: "no" }],
  [/[[(]\s*y\s*[/|]\s*n\b[^\])]*[\])]\s*[:?>]?$/i, LETTERS],
  [/\(Y\)es\/\(N\)o\b.*\[(?:Yes|No)\]\s*[:?>]?$/i, LETTERS],
  [/(?:^|\s)(?:allow|approve|proceed|continue)\b[^?]*\?$/i, LETTERS],
];

/**
 * A question with the cursor right behind it, on the screen's last line: `(y/n)`, `[Y/n]`, `(yes/no)`, `(Y)es/(N)o`,
 * `Allow …?`. What a program has only printed ends in a new line, and the cursor stands below it.
 */
export function findLine({ lines, cols, cursor }: PaneScreen): Found | null {
  const row = lines[cursor.y] ?? "";
  if (row.slice(cursor.x).trim() !== "") return null;
  if (lines.slice(cursor.y + 1).some((line) => line.trim() !== "")) return null;
  let from = cursor.y;
  let text = row.slice(0, cursor.x);
  if (cursor.x - text.trimEnd().length > 1) return null;
  while (from > 0 && cursor.y - from + 1 < MOST_ROWS && (lines[from - 1] ?? "").length >= cols)
    text = `${lines[--from]}${text}`;
  const question = text.trim();
  const [, answers] = ENDS.find(([end]) => end.test(question)) ?? [];
  if (answers === undefined || !/\p{L}{2}/u.test(question)) return null;
  const asked = from;
  while (from > 0 && asked - from < SUBJECT_LINES && (lines[from - 1] ?? "").trim() !== "") from--;
  return {
    question,
    from,
    to: cursor.y,
    allow: { text: answers.yes, choice: null },
    deny: { text: answers.no, choice: null },
    marked: null,
  };
}
