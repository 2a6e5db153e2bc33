/**
 * Takes out of a pane's output what is meant for the terminal it runs in, which is tmux, and not for one that looks on:
 * questions (a viewer's terminal would answer them a second time, into the program's input), and the old title sequence
 * `ESC k`, which terminals other than screen and tmux print as text. Everything else passes unchanged, also in pieces.
 */
export class ViewerFilter {
  #held: Buffer = EMPTY;
  #inTitle = false;

  push(chunk: Buffer): Buffer {
    // The usual case costs one search.
    if (this.#held.length === 0 && !this.#inTitle && chunk.indexOf(ESC) === -1) return chunk;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    const kept: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#inTitle) {
        const end = titleEnd(bytes, at);
        from = at = end.at;
        if (end.held) {
          this.#held = bytes.subarray(at);
          return Buffer.concat(kept);
        }
        if (!end.found) return Buffer.concat(kept);
        this.#inTitle = false;
        continue;
      }
      const escape = bytes.indexOf(ESC, at);
      if (escape === -1) break;
      const found = inspect(bytes, escape);
      if (found === "more") {
        kept.push(bytes.subarray(from, escape));
        this.#held = Buffer.from(bytes.subarray(escape));
        return Buffer.concat(kept);
      }
      if (found.drop) {
        kept.push(bytes.subarray(from, escape));
        from = found.end;
        this.#inTitle = found.title;
      }
      at = found.end;
    }
    if (from === 0) return bytes;
    kept.push(bytes.subarray(from));
    return Buffer.concat(kept);
  }
}

const EMPTY = Buffer.alloc(0);
const ESC = 0x1b;
const BEL = 0x07;
/** Questions are short; a string longer than this is something else and passes. */
const MAX_QUESTION = 256;

type Found = "more" | { drop: boolean; title: boolean; end: number };

function inspect(bytes: Buffer, escape: number): Found {
  const kind = bytes[escape + 1];
  if (kind === undefined) return "more";
  switch (kind) {
    case 0x6b: // k: a title until ST
      return { drop: true, title: true, end: escape + 2 };
    case 0x5a: // Z: the oldest way to ask what the terminal is
      return { drop: true, title: false, end: escape + 2 };
    case 0x5b: // [
      return controlSequence(bytes, escape);
    case 0x5d: // ]
      return stringSequence(bytes, escape, /^(?:1[0-9]|4;\d+|5;\d+|52;[a-z0-9]*|\d{2};[^;]*);\?$/);
    case 0x50: // P
      return stringSequence(bytes, escape, /^(?:\+q|\$q)/);
    default:
      return { drop: false, title: false, end: escape + 2 };
  }
}

function controlSequence(bytes: Buffer, escape: number): Found {
  for (let at = escape + 2; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x40 && byte <= 0x7e) {
      const params = bytes.toString("latin1", escape + 2, at);
      return { drop: isQuestion(params, String.fromCharCode(byte)), title: false, end: at + 1 };
    }
    // Not a sequence after all, or one that no terminal would take.
    if (byte < 0x20 || byte > 0x7e || at - escape > 64) return { drop: false, title: false, end: at };
  }
  return "more";
}

/** Whether a control sequence asks the terminal for an answer. */
function isQuestion(params: string, final: string): boolean {
  switch (final) {
    case "c": // what are you
      return /^[>=?]?[0-9;]*$/.test(params);
    case "n": // how are you, where is the cursor, which colour scheme
      return /^\??[0-9;]+$/.test(params);
    case "p": // is this mode set
      return params.endsWith("$");
    case "q": // which version are you (a cursor shape ends in a space and q)
      return params.startsWith(">");
    case "u": // which keyboard protocol (without the question mark: restore the cursor)
      return params === "?";
    case "t": // sizes and titles
      return /^(?:11|13|14|15|16|18|19|20|21)(?:;|$)/.test(params);
    case "x": // terminal parameters
      return /^[01]?$/.test(params);
    case "S": // graphics limits
      return params.startsWith("?");
    default:
      return false;
  }
}

function stringSequence(bytes: Buffer, escape: number, question: RegExp): Found {
  const limit = Math.min(bytes.length, escape + MAX_QUESTION);
  for (let at = escape + 2; at < limit; at++) {
    const byte = bytes[at];
    if (byte !== BEL && byte !== ESC) continue;
    if (byte === ESC && at + 1 >= bytes.length) return "more";
    const end = byte === BEL ? at + 1 : bytes[at + 1] === 0x5c ? at + 2 : at;
    return { drop: question.test(bytes.toString("latin1", escape + 2, at)), title: false, end };
  }
  return limit < escape + MAX_QUESTION ? "more" : { drop: false, title: false, end: limit };
}

/** Where a title ends: after ST or BEL, or before anything that starts a new sequence. */
function titleEnd(bytes: Buffer, from: number): { at: number; found: boolean; held: boolean } {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BEL) return { at: at + 1, found: true, held: false };
    if (byte === ESC) {
      if (at + 1 >= bytes.length) return { at, found: false, held: true };
      return { at: bytes[at + 1] === 0x5c ? at + 2 : at, found: true, held: false };
    }
    // A title is one line: one that never ends must not swallow the rest of the session.
    if (byte === 0x0a || byte === 0x0d) return { at, found: true, held: false };
  }
  return { at: bytes.length, found: false, held: false };
}
