import type { OutputPiece } from "../../protocol/link.ts";

type Parts = {
  /** Hands a piece to its session; resolves to how many characters are there, or null when none are wanted. */
  toSession: (piece: OutputPiece) => Promise<number | null>;
  /** Asks the daemon for a command's output from a character on. */
  ask: (id: string, offset: number) => void;
};

/**
 * Passes what running commands print on to their sessions, one piece of a command at a time: what comes meanwhile is
 * dropped and asked for again, so that a slow session costs neither memory nor time of the link.
 */
export class OutputRelay {
  readonly #parts: Parts;
  /** Commands with a piece on its way, and whether another was dropped since. */
  readonly #onTheWay = new Map<string, { dropped: boolean }>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async take(piece: OutputPiece): Promise<void> {
    const { id, offset, text } = piece;
    const busy = this.#onTheWay.get(id);
    if (busy !== undefined) {
      busy.dropped = true;
      return;
    }
    const state = { dropped: false };
    this.#onTheWay.set(id, state);
    try {
      const known = await this.#parts.toSession(piece);
      if (known !== null && (state.dropped || known < offset + text.length)) this.#parts.ask(id, known);
    } finally {
      this.#onTheWay.delete(id);
    }
  }
}
