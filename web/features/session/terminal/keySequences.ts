/** Keys of the row above a phone's keyboard. */
export type RowKey =
  | "escape"
  | "tab"
  | "enter"
  | "up"
  | "down"
  | "left"
  | "right"
  | "interrupt"
  | "home"
  | "end"
  | "pageUp"
  | "pageDown";

const FIXED = {
  escape: "\x1b",
  tab: "\t",
  enter: "\r",
  interrupt: "\x03",
  pageUp: "\x1b[5~",
  pageDown: "\x1b[6~",
} as const;
const CURSOR = { up: "A", down: "B", right: "C", left: "D", home: "H", end: "F" } as const;

/** The bytes of a key. `application`: the program asked for the other kind of cursor keys. `ctrl`: held, or sticky. */
export function keySequence(key: RowKey, held: { application: boolean; ctrl: boolean }): string {
  if (isCursorKey(key)) {
    const final = CURSOR[key];
    if (held.ctrl) return `\x1b[1;5${final}`;
    return `${held.application ? "\x1bO" : "\x1b["}${final}`;
  }
  return FIXED[key];
}

function isCursorKey(key: RowKey): key is keyof typeof CURSOR {
  return key in CURSOR;
}

/** What Ctrl makes of a typed character; text it means nothing for stays as it is. */
export function withCtrl(text: string): string {
  const [first, ...rest] = text;
  if (first === undefined) return text;
  const code = first.toUpperCase().charCodeAt(0);
  if (first === " " || first === "@") return `\x00${rest.join("")}`;
  if (first === "?") return `\x7f${rest.join("")}`;
  // A–Z and [ \ ] ^ _
  return first.length === 1 && code >= 0x41 && code <= 0x5f
    ? `${String.fromCharCode(code & 0x1f)}${rest.join("")}`
    : text;
}
