/** What comes back from a command channel. */
export type ChannelEvent =
  /** What one command printed. */
  | { type: "output"; output: Buffer }
  /** A line of commands is over, whether all of them ran or one failed. */
  | { type: "end" }
  /** What was written for a stage is over. `said`: why tmux could not read it, if so. */
  | { type: "stage"; stage: number; said: string }
  /** The channel is there; `text` says whom it speaks with. */
  | { type: "hello"; text: string };

const LINE_FEED = 10;
const MAX_BUFFERED = 64 * 1024 * 1024;

/**
 * Cuts what a channel prints at its markers. A marker is a line that starts with the channel's nonce; nothing else that
 * is printed can hold it. Works on bytes, because what a pane shows need not be UTF-8.
 */
export class ReplyParser {
  readonly #nonce: Buffer;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The last bytes that are held; a marker may have begun in them. */
  #tail: Buffer = Buffer.alloc(0);
  /** A marker has begun and its line is not over. */
  #begun = false;

  constructor(nonce: string) {
    this.#nonce = Buffer.from(nonce);
  }

  push(chunk: Buffer): ChannelEvent[] {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const recent = Buffer.concat([this.#tail, chunk]);
    this.#tail = Buffer.from(recent.subarray(-this.#nonce.length));
    if (this.#heldBytes > MAX_BUFFERED) throw new Error("a reply of tmux is too long");
    // A long reply comes in many pieces; they are put together once.
    if (!this.#begun && recent.indexOf(this.#nonce) === -1) return [];
    return this.#cut(Buffer.concat(this.#held));
  }

  #cut(bytes: Buffer): ChannelEvent[] {
    const events: ChannelEvent[] = [];
    let start = 0;
    for (;;) {
      const at = bytes.indexOf(this.#nonce, start);
      const end = at === -1 ? -1 : bytes.indexOf(LINE_FEED, at);
      if (end === -1) {
        const rest = Buffer.from(bytes.subarray(start));
        this.#held = [rest];
        this.#heldBytes = rest.length;
        this.#tail = rest.subarray(-this.#nonce.length);
        this.#begun = at !== -1;
        return events;
      }
      const event = readMarker(
        bytes.toString("utf8", at + this.#nonce.length, end),
        bytes.subarray(start, at),
      );
      if (event !== null) events.push(event);
      start = end + 1;
    }
  }
}

function readMarker(text: string, before: Buffer): ChannelEvent | null {
  const rest = text.slice(1);
  switch (text[0]) {
    case "+":
      return { type: "output", output: Buffer.from(before) };
    case ".":
      return { type: "end" };
    case "=":
      return { type: "stage", stage: Number(rest), said: before.toString("utf8").trim() };
    case "!":
      return { type: "hello", text: rest };
    default:
      return null;
  }
}

/** The markers, as tmux must print them. */
export const marker = {
  output: (nonce: string) => `${nonce}+`,
  end: (nonce: string) => `${nonce}.`,
  stage: (nonce: string, stage: number) => `${nonce}=${stage}`,
  hello: (nonce: string, text: string) => `${nonce}!${text}`,
};
