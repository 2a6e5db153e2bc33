import { cutText } from "../../durable-objects/session/traces/cutText.ts";
import type { RunSpan, SpanOutcome } from "../../protocol/traces.ts";
import type { RunRow, StepRow } from "./runStore.ts";

/** How a step's end reads as a span's. One that has no end yet has none. */
const OUTCOMES: Record<StepRow["status"], SpanOutcome | null> = {
  pending: null,
  running: null,
  completed: "ok",
  failed: "failed",
  skipped: "cancelled",
  cancelled: "cancelled",
  timed_out: "expired",
};

/** A step as a span: its row has all of it, so that tracing steps writes nothing. */
export function stepSpan(run: Pick<RunRow, "id" | "team">, row: StepRow): RunSpan {
  const input = cutText(row.spec);
  const output = row.result === null ? null : cutText(row.result);
  return {
    id: row.key,
    run: run.id,
    team: run.team,
    session: row.kind === "agent" ? row.session : null,
    kind: "step",
    name: (row.label ?? row.kind).slice(0, 200),
    // What was known, or ruled out, when it was asked for took no time.
    started_at: row.started_at ?? row.ended_at,
    ended_at: row.ended_at,
    outcome: row.kind === "approval" && row.result === "false" ? "denied" : OUTCOMES[row.status],
    error: row.error,
    usage: {
      input_tokens: row.input_tokens,
      cached_input_tokens: row.cached_tokens,
      cache_write_input_tokens: 0,
      output_tokens: row.output_tokens,
      reasoning_output_tokens: 0,
    },
    cached: row.cached === 1,
    attempt: row.attempt,
    input: input.beginning,
    input_cut: input.cut,
    output: output?.beginning ?? null,
    output_cut: output?.cut ?? 0,
  };
}
