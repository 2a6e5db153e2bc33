import type { ModelMessage } from "ai";

/** A message of the conversation as its size tells it; `tokens`: what the model counted up to and with it. */
export type Sized = { position: number; role: string; chars: number; tokens: number | null };

/** The conversation is shortened when it fills this part of the model's window … */
const FULL = 0.8;
/** … down to a tail of this part. */
const KEPT = 0.3;
/** What cannot be shortened by a summary is cut to this part. */
const MOST = 0.9;
/** Characters to a token where the model has counted nothing yet. */
const TOKEN_CHARS = 4;
/** Instructions and tools, which every request carries. */
const FIXED_CHARS = 16_000;

export type Fill = { tokens: number; charsPerToken: number };

/**
 * How much of a window the messages take: what the model counted last, and an estimate of what came since.
 * `before`: characters of the summary before them. `since`: counts up to this position are of a longer conversation.
 */
export function fillOf(rows: readonly Sized[], before: number, since: number): Fill {
  const last = rows.findLastIndex(({ tokens, position }) => tokens !== null && position > since);
  const counted = rows[last]?.tokens ?? null;
  const chars = FIXED_CHARS + before + sum(rows.slice(0, last + 1));
  const charsPerToken = counted === null ? TOKEN_CHARS : Math.min(8, Math.max(0.5, chars / counted));
  const rest = sum(rows.slice(last + 1));
  return counted === null
    ? { tokens: (chars + rest) / charsPerToken, charsPerToken }
    : { tokens: counted + rest / charsPerToken, charsPerToken };
}

/** Whether so many tokens leave too little room in a window. */
export function isFull({ tokens }: Fill, context: number): boolean {
  return tokens > context * FULL;
}

/** Characters of the tail that a shortened conversation keeps. */
export function keptChars({ charsPerToken }: Fill, context: number): number {
  return context * KEPT * charsPerToken;
}

/** Most characters of a request: the rest of the window is for the answer. */
export function mostChars({ charsPerToken }: Fill, context: number): number {
  return context * MOST * charsPerToken;
}

/**
 * Where to cut: the index of the first message to keep, so that about `mostChars` stay, at least the last message that may
 * begin a conversation with what follows it. A result stays with its call. 0: there is nothing to cut.
 */
export function cutAt(rows: readonly Pick<Sized, "role" | "chars">[], mostChars: number): number {
  let chars = 0;
  let cut: number | null = null;
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at];
    if (row === undefined) break;
    chars += row.chars;
    if (chars > mostChars && cut !== null) break;
    if (row.role !== "tool") cut = at;
  }
  return cut ?? 0;
}

/** The messages in about so many characters: results of tools that are longer than their share are cut, and say so. */
export function fitted(messages: ModelMessage[], mostChars: number): ModelMessage[] {
  const sizes = messages.flatMap((message) => resultsOf(message).map(({ length }) => length));
  const results = sizes.reduce((total, size) => total + size, 0);
  const over = JSON.stringify(messages).length - mostChars;
  if (over <= 0 || results === 0) return messages;
  const share = Math.max(LEAST_RESULT, Math.floor((results - over) / sizes.length));
  return messages.map((message) => {
    if (message.role !== "tool") return message;
    const content = message.content.map((part) => {
      if (part.type !== "tool-result") return part;
      const { output } = part;
      if ((output.type !== "text" && output.type !== "error-text") || output.value.length <= share)
        return part;
      const value = `${output.value.slice(0, share)}\n(${output.value.length - share} characters are left out: the conversation is too long)`;
      return { ...part, output: { ...output, value } };
    });
    return { ...message, content };
  });
}
const LEAST_RESULT = 500;

function resultsOf(message: ModelMessage): string[] {
  if (message.role !== "tool") return [];
  return message.content.flatMap((part) =>
    part.type === "tool-result" && (part.output.type === "text" || part.output.type === "error-text")
      ? [part.output.value]
      : [],
  );
}

function sum(rows: readonly { chars: number }[]): number {
  return rows.reduce((total, { chars }) => total + chars, 0);
}
