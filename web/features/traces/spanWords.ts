import { isToolName, summarizeCall } from "../../../protocol/tools.ts";
import type { Span, SpanKind } from "../../../protocol/traces.ts";
import type { CallSign } from "../chat/callWords.ts";
import type { SpanState } from "./traceTree.ts";

/** What a state is called, and its sign. */
export const STATE_WORDS: Record<SpanState, { word: string; sign: CallSign }> = {
  running: { word: "Running", sign: "working" },
  waiting: { word: "Waits for you", sign: "waiting" },
  ok: { word: "Done", sign: "done" },
  failed: { word: "Failed", sign: "trouble" },
  denied: { word: "Denied", sign: "denied" },
  expired: { word: "Expired", sign: "stopped" },
  cancelled: { word: "Stopped", sign: "stopped" },
  interrupted: { word: "Cut off", sign: "stopped" },
  indeterminate: { word: "Not known", sign: "unknown" },
  unknown: { word: "Not known", sign: "unknown" },
};

export const KIND_WORDS: Record<SpanKind, string> = {
  turn: "Turn",
  model: "Model call",
  tool: "Tool call",
  approval: "Wait for a decision",
};

/** What a span is about, in one line: the model, the call, what was said. */
export function spanTitle({
  kind,
  name,
  input,
  output,
}: Pick<Span, "kind" | "name" | "input" | "output">): string {
  if (kind === "model") return name;
  if (kind === "approval") return output ?? "needs permission";
  const said = firstLine(input ?? "");
  if (kind === "turn") return said;
  const call = readObject(input);
  const words = isToolName(name) && call !== null ? summarizeCall(name, call) : said;
  return words === "" || words === name ? name : words.startsWith(name) ? words : `${name} ${words}`;
}

/** JSON as a person reads it; any other text as it is. */
export function readable(text: string): string {
  const call = readObject(text);
  return call === null ? text : JSON.stringify(call, null, 2);
}

function readObject(text: string | null): object | null {
  if (text === null || !/^\s*[[{]/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null; // no JSON, or only its beginning
  }
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A count of tokens in few characters. */
export function tokens(count: number): string {
  return compact.format(count);
}

/** How much of what a model was told came from its cache, in percent; null when nothing was told. */
export function cacheRate(usage: { input_tokens: number; cached_input_tokens: number }): number | null {
  const { input_tokens, cached_input_tokens } = usage;
  return input_tokens === 0 ? null : Math.round((cached_input_tokens / input_tokens) * 100);
}

/** Tools and how often each was used, the most used first. */
export function toolWords(tools: Readonly<Record<string, number>>): string {
  return Object.entries(tools)
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => (count === 1 ? name : `${name} × ${count}`))
    .join(", ");
}
