import { SNAPSHOT_HISTORY_LINES } from "../../protocol/limits.ts";
import type { TmuxCommand } from "./command.ts";
import { GraphicRendition } from "./graphicRendition.ts";
import type { LineStart } from "./plainLines.ts";
import { plainLines } from "./plainLines.ts";
import type { Screen } from "./tmuxPart.ts";

const NUMBERS = [
  "cursor_x",
  "cursor_y",
  "pane_width",
  "pane_height",
  "history_size",
  "alternate_on",
  "alternate_saved_x",
  "alternate_saved_y",
  "cursor_flag",
  "insert_flag",
  "keypad_cursor_flag",
  "keypad_flag",
  "origin_flag",
  "wrap_flag",
  "mouse_all_flag",
  "mouse_button_flag",
  "mouse_standard_flag",
  "mouse_sgr_flag",
  "mouse_utf8_flag",
  "scroll_region_upper",
  "scroll_region_lower",
] as const;
type Numbers = Record<(typeof NUMBERS)[number], number>;

/** A snapshot is one frame, so its history gives way when it gets longer than this. */
const MAX_HISTORY_CHARS = 300_000;

/** The commands that read a screen; run in one line, they see one instant. */
export function screenCommands(pane: string, options: { history: boolean }): TmuxCommand[] {
  const past: TmuxCommand[] = options.history
    ? // Joined lines wrap by themselves when they are printed, so they can be selected and reflowed as what they are.
      [["capture-pane", "-e", "-p", "-J", "-t", pane, "-S", `-${SNAPSHOT_HISTORY_LINES}`, "-E", "-1"]]
    : [];
  return [
    ["display-message", "-p", "-t", pane, `${NUMBERS.map((name) => `#{${name}}`).join(",")}|#{pane_tabs}`],
    ["capture-pane", "-e", "-p", "-N", "-t", pane],
    // The main screen while the alternate one is shown; nothing (-q) otherwise.
    ["capture-pane", "-e", "-p", "-N", "-a", "-q", "-t", pane],
    ...past,
  ];
}

/** A screen, and where the lines of the output that follows begin. */
export type ScreenCapture = Screen & { alternate: boolean; start: () => LineStart };

/** Builds a screen from what {@link screenCommands} printed; null when that is not what they print. */
export function readScreen(outputs: readonly Buffer[]): ScreenCapture | null {
  const [info, visible, saved, history] = outputs.map((output) => output.toString("utf8"));
  if (info === undefined || visible === undefined || saved === undefined) return null;
  const [list = "", tabs = ""] = info.trim().split("|");
  const values = list.split(",").map(Number);
  if (values.length !== NUMBERS.length || values.some((value) => Number.isNaN(value))) return null;
  const at = (name: keyof Numbers) => values[NUMBERS.indexOf(name)] ?? 0;
  const cols = at("pane_width");
  const rows = at("pane_height");
  if (cols < 1 || rows < 1) return null;

  const alternate = at("alternate_on") === 1;
  // Without history tmux prints the first visible line instead.
  const past = history === undefined || at("history_size") === 0 ? [] : splitRows(history);
  const main = fit(splitRows(alternate ? saved : visible), rows);
  const front = fit(splitRows(visible), rows);
  const mainCursor = alternate
    ? { x: at("alternate_saved_x"), y: at("alternate_saved_y") }
    : { x: at("cursor_x"), y: at("cursor_y") };

  const switched = () =>
    alternate ? `${moveTo(Math.min(mainCursor.x, cols - 1), mainCursor.y)}\x1b[?1049h${drawRows(front)}` : "";
  const rest = () => `${switched()}${modes(at, tabs, cols, rows)}${cursor(at, front, cols)}`;
  return {
    cols,
    rows,
    fresh: () => encode(`\x1bc${CHARSETS}${printRows(past, main)}${rest()}`),
    redraw: () => encode(`${CALM}${CHARSETS}\x1b[?1049l\x1b[r${drawRows(main)}${rest()}`),
    hasHistory: history !== undefined,
    alternate,
    start: () => ({
      lines: plainLines(`${[...past, ...main.slice(0, mainCursor.y)].join("\n")}\n`),
      current: (plainLines(main[mainCursor.y] ?? "")[0] ?? "").padEnd(Math.min(mainCursor.x, cols)),
      column: mainCursor.x,
      alternate,
    }),
  };
}

/** tmux prints line drawing as G1 between shift out and shift in. */
const CHARSETS = "\x1b(B\x1b)0\x0f";
/** Soft reset, and what that leaves: tab stops, keypad, mouse, autowrap. */
const CALM =
  "\x1b[!p\x1b[m\x1b>\x1b[?1l\x1b[4l\x1b[?6l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?25h";

/** History, then the screen, printed from top to bottom so that history ends up above the screen. */
function printRows(history: readonly string[], main: readonly string[]): string {
  let chars = 0;
  let from = history.length;
  while (from > 0 && chars < MAX_HISTORY_CHARS) {
    from -= 1;
    chars += history[from]?.length ?? 0;
  }
  if (chars >= MAX_HISTORY_CHARS) from += 1;
  const state = new GraphicRendition();
  const past = history.map((row) => state.standalone(row)).slice(from);
  const screen = standaloneRows(main);
  // On the screen itself a row that a terminal finds too wide must not push the others down.
  return `${past.map((row) => `${row}\r\n`).join("")}\x1b[?7l${screen.join("\r\n")}\x1b[?7h`;
}

function drawRows(rows: readonly string[]): string {
  const drawn = standaloneRows(rows).map((row, y) => `${moveTo(0, y)}\x1b[2K${row}`);
  return `\x1b[?7l${drawn.join("")}\x1b[?7h`;
}

function standaloneRows(rows: readonly string[]): string[] {
  const state = new GraphicRendition();
  return rows.map((row) => state.standalone(row));
}

function modes(at: (name: keyof Numbers) => number, tabs: string, cols: number, rows: number): string {
  const parts: string[] = [tabStops(tabs, cols)];
  const upper = at("scroll_region_upper");
  const lower = at("scroll_region_lower");
  if (upper !== 0 || lower !== rows - 1) parts.push(`\x1b[${upper + 1};${lower + 1}r`);
  if (at("keypad_cursor_flag") === 1) parts.push("\x1b[?1h");
  if (at("keypad_flag") === 1) parts.push("\x1b=");
  if (at("mouse_standard_flag") === 1) parts.push("\x1b[?1000h");
  if (at("mouse_button_flag") === 1) parts.push("\x1b[?1002h");
  if (at("mouse_all_flag") === 1) parts.push("\x1b[?1003h");
  if (at("mouse_utf8_flag") === 1) parts.push("\x1b[?1005h");
  if (at("mouse_sgr_flag") === 1) parts.push("\x1b[?1006h");
  if (at("cursor_flag") === 0) parts.push("\x1b[?25l");
  return parts.join("");
}

/** Tab stops, when they are not every eight columns. */
function tabStops(list: string, cols: number): string {
  const usual: number[] = [];
  for (let column = 8; column < cols; column += 8) usual.push(column);
  if (list === usual.join(",")) return "";
  const stops = list.split(",").flatMap((stop) => (/^\d+$/.test(stop) ? [Number(stop)] : []));
  return `\x1b[3g${stops.map((stop) => `\x1b[${stop + 1}G\x1bH`).join("")}`;
}

/** Puts the cursor in its place; last, because setting regions and origin moves it. */
function cursor(at: (name: keyof Numbers) => number, rows: readonly string[], cols: number): string {
  const x = at("cursor_x");
  const y = at("cursor_y");
  const origin = at("origin_flag") === 1;
  const top = origin ? at("scroll_region_upper") : 0;
  const parts: string[] = [];
  if (x < cols) parts.push(origin ? "\x1b[?6h" : "", moveTo(x, y - top));
  else {
    // The row is full and the next character will wrap: only printing the row brings a terminal into that state.
    const state = new GraphicRendition();
    const row =
      rows
        .slice(0, y + 1)
        .map((text) => state.standalone(text))
        .at(-1) ?? "";
    parts.push(origin ? "\x1b[?6h" : "", moveTo(0, y - top), row);
  }
  if (at("wrap_flag") === 0) parts.push("\x1b[?7l");
  if (at("insert_flag") === 1) parts.push("\x1b[4h");
  return parts.join("");
}

function moveTo(x: number, y: number): string {
  return `\x1b[${y + 1};${x + 1}H`;
}

function splitRows(text: string): string[] {
  const rows = text.split("\n");
  rows.pop(); // each row ends in a line feed
  return rows;
}

function fit(rows: string[], count: number): string[] {
  return Array.from({ length: count }, (_, i) => rows[i] ?? "");
}

function encode(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}
