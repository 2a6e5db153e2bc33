import * as z from "zod";
import { Usage } from "./events.ts";
import { RunId, SessionId, TeamId } from "./ids.ts";

export const SpanKind = z.enum(["turn", "model", "tool", "approval"]);
export type SpanKind = z.infer<typeof SpanKind>;

/** How a span ended. `interrupted`: what it timed was cut off, and may have been done again by another span. */
export const SpanOutcome = z.enum([
  "ok",
  "failed",
  "denied",
  "expired",
  "cancelled",
  "indeterminate",
  "interrupted",
]);
export type SpanOutcome = z.infer<typeof SpanOutcome>;

/** Most characters of a span's input, output and error. */
export const PREVIEW_CHARS = 2048;

/** Most characters that are kept of a span's whole input or output, beside the span. */
export const SPAN_TEXT_CHARS = 256 * 1024;

/** Most different tools that a turn names; the rest is counted as `other`. */
export const MOST_TOOL_NAMES = 24;

/** Most characters of a span's id; what happens under a longer one is not traced. */
export const SPAN_ID_CHARS = 300;

/** One timed piece of work in a trace. The same `id` within a session is the same span; the higher version is newer. */
export const Span = z.object({
  /** `t<turn>` for a turn, `t<turn>.s<step>.m<attempt>` for a model call, the item's id or the approval's otherwise. */
  id: z.string().max(SPAN_ID_CHARS),
  parent: z.string().max(SPAN_ID_CHARS).nullable(),
  team: TeamId,
  session: SessionId,
  turn: z.number().int(),
  kind: SpanKind,
  /** The model or the tool. */
  name: z.string().max(200),
  started_at: z.number(),
  ended_at: z.number().nullable(),
  outcome: SpanOutcome.nullable(),
  error: z.string().nullable(),
  usage: Usage.nullable(),
  /** Beginnings, with secrets removed. */
  input: z.string().nullable(),
  output: z.string().nullable(),
  /** Characters that are left out of them; without it, or 0, they are whole. The rest is at `/traces/:span/:side`. */
  input_cut: z.number().int().optional(),
  output_cut: z.number().int().optional(),
  /** Of a turn: how often each tool was used, so far while it runs. */
  tools: z.record(z.string(), z.number().int()).optional(),
  version: z.number().int(),
});
export type Span = z.infer<typeof Span>;

/** A step of a run in its trace. What its agent did within it is the trace of `session`. */
export const RunSpan = Span.pick({
  team: true,
  name: true,
  ended_at: true,
  outcome: true,
  error: true,
  usage: true,
  input: true,
  output: true,
  input_cut: true,
  output_cut: true,
}).extend({
  /** The step's key. */
  id: z.string(),
  run: RunId,
  kind: z.literal("step"),
  session: SessionId.nullable(),
  /** Null until it begins. */
  started_at: z.number().nullable(),
  /** Its result was known already. */
  cached: z.boolean(),
  attempt: z.number().int(),
});
export type RunSpan = z.infer<typeof RunSpan>;

/** What is kept whole of a span. */
export const SpanSide = z.enum(["input", "output"]);
export type SpanSide = z.infer<typeof SpanSide>;

/** The whole input or output of a span, with secrets removed; at its end it says what is still left out. */
export const SpanText = z.object({ text: z.string() });
export type SpanText = z.infer<typeof SpanText>;
