import { type Found, MARK, type PaneScreen, plain } from "./recognisePrompt.ts";

/** How far above the choices the question may stand, and what it is about above that. */
const QUESTION_LINES = 16;
const SUBJECT_LINES = 24;
/** Lines below the choices: which keys there are. */
const HINT_LINES = 3;

const CHOICE = /^(\d)[.)]\s+(\S.*)$/;
const HINT = /\b(?:esc|enter|return|tab|ctrl|arrow)\b|[↑↓]/i;
const ALLOWS = /^(?:yes|allow|approve|accept|proceed|ok|continue|confirm|run|trust)\b/i;
const DENIES = /^(?:no|deny|reject|decline|refuse|cancel|abort|don['’]?t|do not|exit|quit)\b/i;
/** A choice that means more than this once. */
const LASTS = /always|don['’]?t ask|do not ask|session|switch to|auto|\ball\b|every|parent/i;

type Choice = { number: number; label: string; line: number; marked: boolean };

/** Numbered choices with one of them marked, below a question, at the end of the screen: what agents' dialogs look like. */
export function findMenu({ lines }: PaneScreen): Found | null {
  const last = withoutHints(lines);
  const choices = choicesAbove(lines, last);
  const [first] = choices;
  if (first === undefined || choices.filter(({ marked }) => marked).length !== 1) return null;
  const allow = choices.find(({ label }) => ALLOWS.test(label) && !LASTS.test(label));
  const deny = choices.findLast(({ label }) => DENIES.test(label));
  if (allow === undefined || deny === undefined) return null;
  const asked = questionAbove(lines, first.line);
  if (asked === null) return null;
  return {
    question: plain(lines[asked] ?? ""),
    from: subjectAbove(lines, asked),
    to: last,
    allow: { text: String(allow.number), choice: allow.number },
    deny: { text: String(deny.number), choice: deny.number },
    marked: choices.find(({ marked }) => marked)?.number ?? null,
  };
}

/** The choices that end in a line, numbered from 1 without a hole; none when something else stands there. */
function choicesAbove(lines: readonly string[], last: number): Choice[] {
  const choices: Choice[] = [];
  for (let at = last; at >= 0; at--) {
    const line = plain(lines[at] ?? "");
    const text = line.replace(MARK, "");
    const [, number, label = ""] = CHOICE.exec(text) ?? [];
    if (number === undefined) {
      if (line === "" || !isContinuation(lines, at)) return [];
      continue;
    }
    const above = choices[0];
    if (above !== undefined && Number(number) !== above.number - 1) return [];
    choices.unshift({ number: Number(number), label, line: at, marked: text !== line });
    if (number === "1") return choices.length >= 2 ? choices : [];
  }
  return [];
}

/** The last line that is no hint about keys: hints change with the choice that is marked. */
function withoutHints(lines: readonly string[]): number {
  let hints = 0;
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = plain(lines[at] ?? "");
    if (line === "") continue;
    const isHint = HINT.test(line) && !CHOICE.test(line.replace(MARK, "")) && !isContinuation(lines, at);
    if (!isHint || ++hints > HINT_LINES) return at;
  }
  return -1;
}

/** The rest of a choice that is wider than the terminal: it is indented as far as its words. */
function isContinuation(lines: readonly string[], at: number): boolean {
  const inFrame = (line: string) => line.replace(/^\s*[\u2502\u2503\u2551]/, "");
  const line = inFrame(lines[at] ?? "");
  return /^\s{3,}\S/.test(line) && plain(lines[at - 1] ?? "") !== "";
}

/** The nearest line above that asks something. */
function questionAbove(lines: readonly string[], below: number): number | null {
  for (let at = below - 1; at >= Math.max(0, below - QUESTION_LINES); at--)
    if (/[\p{L}\p{N}\])'"`][^?]*\?$/u.test(plain(lines[at] ?? ""))) return at;
  return null;
}

/** Where what the question is about begins: below a rule or the frame's edge, two blank lines, or the screen's. */
function subjectAbove(lines: readonly string[], question: number): number {
  let from = question;
  for (let at = question - 1; at >= Math.max(0, question - SUBJECT_LINES); at--) {
    const line = lines[at] ?? "";
    if (/^\s*[╭┌┏╔]?[─━═]{8,}[╮┐┓╗]?\s*$/.test(line)) return from;
    if (line.trim() === "" && (lines[at - 1] ?? "").trim() === "") return from;
    if (plain(line) !== "") from = at;
  }
  return from;
}
