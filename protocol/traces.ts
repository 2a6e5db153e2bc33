import * as z from "zod";
import { Usage } from "./events.ts";
import { SessionId, TeamId } from "./ids.ts";

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
  version: z.number().int(),
});
export type Span = z.infer<typeof Span>;
