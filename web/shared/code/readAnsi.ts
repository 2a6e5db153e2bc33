export type AnsiColour = "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "grey";
export type AnsiPiece = { text: string; colour: AnsiColour | null; bold: boolean; dim: boolean };

const COLOURS: (AnsiColour | null)[] = [null, "red", "green", "yellow", "blue", "magenta", "cyan", null];
// Operating-system commands and strings (their end may be missing), control sequences, two-character escapes.
const ESCAPE =
  /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

type Style = Omit<AnsiPiece, "text">;
const PLAIN: Style = { colour: null, bold: false, dim: false };

/**
 * What a program printed, as pieces of text with their colours. Every other escape and control character is left out, and a line
 * that was drawn over itself (progress) stands as it was last.
 */
export function readAnsi(text: string): AnsiPiece[] {
  const pieces: AnsiPiece[] = [];
  let style = PLAIN;
  const add = (part: string): void => {
    const last = pieces.at(-1);
    if (part === "") return;
    if (
      last !== undefined &&
      last.colour === style.colour &&
      last.bold === style.bold &&
      last.dim === style.dim
    )
      last.text += part;
    else pieces.push({ text: part, ...style });
  };
  const source = lastDrawn(text);
  let from = 0;
  for (const match of source.matchAll(ESCAPE)) {
    add(source.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = styled(style, match[1] ?? "");
  }
  add(source.slice(from));
  return pieces;
}

/** The text alone. */
export function plainText(text: string): string {
  return readAnsi(text)
    .map((piece) => piece.text)
    .join("");
}

function lastDrawn(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.replace(/\r+$/, "").split("\r").at(-1) ?? "")
    .join("\n");
}

function styled(style: Style, codes: string): Style {
  const numbers = codes.split(/[;:]/).map(Number);
  let next = style;
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code >= 30 && code <= 37) next = { ...next, colour: COLOURS[code - 30] ?? null };
    else if (code === 39) next = { ...next, colour: null };
    else if (code === 90) next = { ...next, colour: "grey" };
    else if (code >= 91 && code <= 97) next = { ...next, colour: COLOURS[code - 90] ?? null };
    else if (code === 38 || code === 48) {
      // One of 256, or three numbers: only the first sixteen have a name here.
      const index = numbers[at + 2] ?? 0;
      if (code === 38 && numbers[at + 1] === 5 && index < 16)
        next = { ...next, colour: index === 8 ? "grey" : (COLOURS[index % 8] ?? null) };
      at += numbers[at + 1] === 5 ? 2 : 4;
    }
  }
  return next;
}
