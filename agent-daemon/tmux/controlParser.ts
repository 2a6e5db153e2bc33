/** What a control-mode client says. */
export type ControlEvent =
  /** The reply to one command. `own`: it was sent by this client, not by the attach itself or a hook. */
  | { type: "reply"; ok: boolean; own: boolean; output: Buffer }
  /** A line that starts with `%`: its name without the `%`, and the rest. */
  | { type: "notification"; name: string; rest: string };

type OpenBlock = { id: string; own: boolean; lines: Buffer[] };

const LINE_FEED = 10;
const PERCENT = 37;
/** A single line longer than this is not tmux speaking. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

/**
 * Reads the control-mode protocol from bytes, however they are cut.
 * Works on bytes because what a pane shows need not be UTF-8.
 */
export class ControlParser {
  #rest: Buffer[] = [];
  #restBytes = 0;
  #block: OpenBlock | null = null;

  /** Takes bytes and gives what they complete. Throws when it cannot be the protocol. */
  push(chunk: Buffer): ControlEvent[] {
    const events: ControlEvent[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const event = this.#line(this.#complete(chunk.subarray(start, end)));
      if (event !== null) events.push(event);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#rest.push(chunk.subarray(start));
      this.#restBytes += chunk.length - start;
      if (this.#restBytes > MAX_LINE_BYTES) throw new Error("a line of the control protocol is too long");
    }
    return events;
  }

  #complete(tail: Buffer): Buffer {
    if (this.#restBytes === 0) return tail;
    const line = Buffer.concat([...this.#rest, tail]);
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }

  #line(line: Buffer): ControlEvent | null {
    if (this.#block !== null) return this.#inBlock(this.#block, line);
    if (line[0] !== PERCENT) return null; // nothing else starts a line outside a block, but a newer tmux may
    const text = line.toString("utf8");
    const guard = readGuard(text);
    if (guard?.name === "begin") {
      this.#block = { id: guard.id, own: guard.own, lines: [] };
      return null;
    }
    const space = text.indexOf(" ");
    return space === -1
      ? { type: "notification", name: text.slice(1), rest: "" }
      : { type: "notification", name: text.slice(1, space), rest: text.slice(space + 1) };
  }

  #inBlock(block: OpenBlock, line: Buffer): ControlEvent | null {
    // The output of a command may itself look like an end; only the one with this block's own numbers is.
    const guard = line[0] === PERCENT && line.length < 100 ? readGuard(line.toString("latin1")) : null;
    if (guard === null || guard.name === "begin" || guard.id !== block.id) {
      block.lines.push(line);
      return null;
    }
    this.#block = null;
    return { type: "reply", ok: guard.name === "end", own: block.own, output: joinLines(block.lines) };
  }
}

function readGuard(line: string): { name: string; id: string; own: boolean } | null {
  const match = /^%(begin|end|error) (\d+ \d+) (\d+)$/.exec(line);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { name: match[1], id: match[2], own: match[3] === "1" };
}

function joinLines(lines: Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const line of lines) parts.push(line, NEWLINE);
  return Buffer.concat(parts);
}

const NEWLINE = Buffer.from("\n");
