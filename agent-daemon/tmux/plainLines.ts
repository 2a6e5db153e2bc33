/** Where the assembling of lines begins. */
export type LineStart = {
  lines: string[];
  /** The line the cursor is on, and its column. */
  current: string;
  column: number;
  /** The alternate screen is on; what is drawn there is no history. */
  alternate: boolean;
};

export const EMPTY_START: LineStart = { lines: [], current: "", column: 0, alternate: false };

/** A longer line is broken, so that no line costs more than this to search. */
export const MAX_LINE_CHARS = 4_096;

/**
 * One piece of terminal output: an OSC, DCS, SOS, PM or APC string, a CSI sequence, another escape sequence,
 * a control character, or text. A sequence that the end cuts off is dropped.
 */
const TOKEN =
  /\x1b[\]PX^_k][^\x07\x1b]*(?:\x07|\x1b\\|\x1b|$)|\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\[[ -?]*$|\x1b[ -/]*[0-~]?|([^\x00-\x1f\x7f\x80-\x9f]+)|[\x00-\x1f\x7f\x80-\x9f]/g;

/** Pieces of output between two moments at which others may go first. */
const STEP = 500;
/** The daemon does nothing else for longer than this. */
const SLICE_MS = 8;

/** Makes plain lines of terminal output at once; for output that is short. */
export function plainLines(output: string, start: LineStart = EMPTY_START): string[] {
  const work = assemble(output, start);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** The same for output of any length, letting everything else of the daemon go first again and again. */
export async function plainLinesInSlices(output: string, start: LineStart = EMPTY_START): Promise<string[]> {
  const work = assemble(output, start);
  let slice = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - slice < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    slice = performance.now();
  }
}

/**
 * Makes plain lines of terminal output, yielding now and then: escape sequences dropped, carriage return, backspace, tab and the erasing and
 * moving within a line carried out. Moving between lines is not: what redraws the screen is no history.
 */
function* assemble(output: string, start: LineStart): Generator<undefined, string[]> {
  const lines = [...start.lines];
  let current = start.current;
  let column = start.column;
  let alternate = start.alternate;

  const write = (text: string) => {
    if (column > current.length) current = current.padEnd(Math.min(column, MAX_LINE_CHARS));
    current =
      column >= current.length
        ? current + text
        : current.slice(0, column) + text + current.slice(column + text.length);
    column += text.length;
    while (current.length > MAX_LINE_CHARS) {
      lines.push(current.slice(0, MAX_LINE_CHARS));
      current = current.slice(MAX_LINE_CHARS);
      column = Math.max(0, column - MAX_LINE_CHARS);
    }
  };
  const endLine = () => {
    lines.push(current.trimEnd());
    current = "";
    column = 0;
  };
  const sequence = (params: string, final: string) => {
    if (params.startsWith("?")) {
      if ((final === "h" || final === "l") && /(?:^|;)(?:47|1047|1049)(?:;|$)/.test(params.slice(1)))
        alternate = final === "h";
      return;
    }
    if (alternate) return;
    const count = Math.min(Math.max(1, Number.parseInt(params, 10) || 1), MAX_LINE_CHARS);
    switch (final) {
      case "K":
        if (params === "" || params === "0") current = current.slice(0, column);
        else if (params === "1")
          current = " ".repeat(Math.min(column + 1, current.length)) + current.slice(column + 1);
        else current = "";
        break;
      case "C":
        column = Math.min(column + count, MAX_LINE_CHARS);
        break;
      case "D":
        column = Math.max(0, column - count);
        break;
      case "G":
      case "`":
        column = count - 1;
        break;
      case "P":
        current = current.slice(0, column) + current.slice(column + count);
        break;
      case "X":
        current =
          current.slice(0, column) +
          " ".repeat(Math.min(count, Math.max(0, current.length - column))) +
          current.slice(column + count);
        break;
      case "@":
        // What is pushed over the edge is gone, as on a screen; and nothing can grow without bound.
        current = (current.slice(0, column).padEnd(column) + " ".repeat(count) + current.slice(column)).slice(
          0,
          MAX_LINE_CHARS,
        );
        break;
      case "J":
        if (params !== "" && params !== "0" && current !== "") endLine();
        else current = current.slice(0, column);
        break;
      case "H":
      case "f":
        column = 0;
        break;
      default:
        break; // colours and everything between lines
    }
  };

  let pieces = 0;
  for (const [token, params, final, text] of output.matchAll(TOKEN)) {
    pieces += 1;
    if (pieces % STEP === 0) yield;
    if (text !== undefined) {
      if (!alternate) write(text);
    } else if (final !== undefined) sequence(params ?? "", final);
    else if (alternate) continue;
    else if (token === "\n" || token === "\v" || token === "\f") endLine();
    else if (token === "\r") column = 0;
    else if (token === "\b") column = Math.max(0, column - 1);
    else if (token === "\t") column = Math.min(column - (column % 8) + 8, MAX_LINE_CHARS);
  }
  if (current.trimEnd() !== "") lines.push(current.trimEnd());
  return lines;
}
