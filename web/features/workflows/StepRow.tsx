import { useState } from "react";
import { Link } from "wouter";
import { isRunEnded, type Run } from "../../../protocol/run.ts";
import type { RunStep } from "../../../protocol/runs.ts";
import { classes } from "../../shared/lib/classes.ts";
import { duration } from "../../shared/lib/duration.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Signal, SIGNAL_TEXT } from "../../shared/ui/Signal.tsx";
import { attempt } from "../work/attempt.ts";
import { runsApi } from "./runsApi.ts";
import { barOf, stepSignal, stepWords, tokens } from "./runWords.ts";

type Props = {
  run: Run;
  step: RunStep;
  /** When the run was, for the bar. */
  span: { from: number; to: number };
  operator: boolean;
  onChanged(): void;
  onAgain(): void;
  /** It is shown whole from the beginning. */
  opened?: boolean;
};

/** One step of a run: an agent, a workflow within it, or a question to a person. */
export function StepRow({ run, step, span, operator, onChanged, onAgain, opened = false }: Props) {
  const { sessions } = useHub();
  const [open, setOpen] = useState(opened);
  const {
    key,
    kind,
    label,
    prompt,
    status,
    session,
    tokens: used,
    error,
    preview,
    started_at,
    ended_at,
  } = step;
  const live = session === null ? undefined : sessions.get(session);
  const signal = stepSignal(step, live?.status === "waiting");
  const bar = barOf(step, span);
  const moves = status === "running" || status === "pending";
  const all = used.input + used.output;
  const decide = (body: Parameters<typeof runsApi.decide>[2]): void =>
    void attempt(() => runsApi.decide(run.id, key, body)).then(onChanged);
  return (
    <div
      className="flex flex-col"
      data-testid="step"
      data-status={status}
      data-cached={step.cached || undefined}
    >
      <button
        type="button"
        onClick={() => setOpen(!open)}
        aria-expanded={open}
        className="flex min-h-9 items-center gap-2.5 px-3 py-1.5 text-left hover:bg-hover touch:min-h-11"
      >
        <Signal status={signal} silent />
        <span className="min-w-0 grow truncate">
          {label ?? (kind === "approval" ? "A question to you" : prompt)}
        </span>
        <span className={classes("shrink-0", SIGNAL_TEXT[signal])}>{stepWords(step)}</span>
        <span className="w-16 shrink-0 text-right text-small text-muted tabular-nums phone:hidden">
          {all > 0 && `${tokens(all)} tok`}
        </span>
        <span className="w-14 shrink-0 text-right text-small text-muted tabular-nums">
          {started_at !== null && !step.cached && duration((ended_at ?? span.to) - started_at)}
        </span>
        <span aria-hidden className="relative h-2 w-28 shrink-0 rounded-small bg-raised phone:hidden">
          {bar !== null && !step.cached && (
            <span
              className="absolute inset-y-0 rounded-small bg-usual"
              style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
            />
          )}
        </span>
      </button>
      {status === "running" && live?.preview != null && live.preview !== "" && !open && (
        <p className="truncate pr-3 pb-1.5 pl-[34px] text-small text-muted">{live.preview}</p>
      )}
      {step.waits != null && moves && (
        <p className="pr-3 pb-1.5 pl-[34px] text-small text-waiting-text" data-testid="step-waits">
          {step.waits}
        </p>
      )}
      {status === "running" && kind === "approval" && (
        <div className="flex flex-wrap items-center gap-2 px-3 pb-2 pl-[34px]">
          <p className="min-w-0 grow basis-full break-words whitespace-pre-wrap">{prompt}</p>
          {operator && (
            <>
              <Button
                look="primary"
                onClick={() => decide({ type: "answer", approved: true })}
                data-testid="approve-step"
              >
                Yes, go on
              </Button>
              <Button onClick={() => decide({ type: "answer", approved: false })}>No</Button>
            </>
          )}
        </div>
      )}
      {open && (
        <div className="flex flex-col gap-2 px-3 pb-3 pl-[34px]">
          {error !== null && <p className="break-words text-trouble-text">{error}</p>}
          <p className="break-words whitespace-pre-wrap text-muted">{prompt}</p>
          {preview !== null && (
            <pre className="font-mono text-[12px] break-words whitespace-pre-wrap">{preview}</pre>
          )}
          {step.worktree != null && (
            <p className="break-words text-muted">
              Its worktree is <code className="font-mono text-[12px]">{step.worktree.path}</code>, on the
              branch <code className="font-mono text-[12px]">{step.worktree.branch}</code>.
            </p>
          )}
          <div className="flex flex-wrap items-center gap-2">
            {session !== null && (
              <Link
                href={kind === "workflow" ? `/work/runs/${session}` : `/sessions/${session}`}
                className="text-working-text hover:underline"
              >
                {kind === "workflow" ? "Open its run" : "Open its session"}
              </Link>
            )}
            {operator && moves && kind !== "approval" && (
              <Button onClick={() => decide({ type: "skip" })} data-testid="skip-step">
                Skip it
              </Button>
            )}
            {operator && isRunEnded(run.status) && (
              <Button onClick={onAgain} title="A new run: this step and those after it are done again">
                Run again from here
              </Button>
            )}
          </div>
        </div>
      )}
    </div>
  );
}
