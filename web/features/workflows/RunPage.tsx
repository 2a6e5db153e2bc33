import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, RotateCcw, Square } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { isRunEnded } from "../../../protocol/run.ts";
import type { RunDetail, RunStep } from "../../../protocol/runs.ts";
import { ApiFailure, failureSentence } from "../../shared/api/ApiFailure.ts";
import { Queries } from "../../shared/api/Queries.tsx";
import { CodeBlock } from "../../shared/code/CodeBlock.tsx";
import { classes } from "../../shared/lib/classes.ts";
import { duration } from "../../shared/lib/duration.ts";
import { timeOfDay } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { followed } from "../../shared/live/stores.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { usePageTitle } from "../../shared/ui/pageTitle.ts";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Signal, SIGNAL_TEXT } from "../../shared/ui/Signal.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { attempt } from "../work/attempt.ts";
import { RunGraph } from "./graph/RunGraph.tsx";
import { runsApi } from "./runsApi.ts";
import { byPhase, runSignal, runWords, tokens } from "./runWords.ts";
import { StepRow } from "./StepRow.tsx";

/** A run that is looked at is asked for again at least so often; the hub tells when it has changed. */
const REFETCH_MS = 15_000;

/** One run, live: its phases and agents, what it said, what it has spent, what came of it. */
export default function RunPage({ id, operator }: { id: string; operator: boolean }) {
  return (
    <Queries>
      <Page id={id} operator={operator} />
    </Queries>
  );
}

function Page({ id, operator }: { id: string; operator: boolean }) {
  useEffect(() => void followed.add(id), [id]);
  const queries = useQueryClient();
  const told = useHub().runs.get(id)?.version ?? 0;
  const { data, error } = useQuery({
    queryKey: ["run", id, told],
    queryFn: () => runsApi.run(id),
    placeholderData: (before: RunDetail | undefined) => before,
    refetchInterval: ({ state }) =>
      state.data !== undefined && isRunEnded(state.data.run.status) ? false : REFETCH_MS,
    staleTime: 0,
  });
  usePageTitle(data?.run.title ?? null);
  if (data === undefined)
    return (
      <div className="p-4">
        {error === null ? (
          <Skeleton className="h-40" />
        ) : (
          <Empty title={isGone(error) ? "There is no such run" : "The run cannot be shown"}>
            <p>
              {isGone(error)
                ? "Runs go thirty days after their end, unless this deployment says otherwise."
                : failureSentence(error)}
            </p>
            <Link href="/work/workflows" className="text-working-text hover:underline">
              All runs and workflows
            </Link>
          </Empty>
        )}
      </div>
    );
  return (
    <Shown
      detail={data}
      operator={operator}
      changed={() => void queries.invalidateQueries({ queryKey: ["run", id] })}
    />
  );
}

/** On a phone it stands far below what was touched. Always the same function, so that it is called once. */
function bringUp(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "nearest" });
}

function isGone(error: Error): boolean {
  return error instanceof ApiFailure && (error.status === 404 || error.status === 400);
}

function Shown({ detail, operator, changed }: { detail: RunDetail; operator: boolean; changed(): void }) {
  const [, navigate] = useLocation();
  const [view, setView] = useState<"steps" | "graph">("steps");
  const [selected, setSelected] = useState<string | null>(null);
  const { run, notes, result, args, source } = detail;
  const over = isRunEnded(run.status);
  const ticking = useNow("second");
  const to = run.ended_at ?? ticking;
  const from = run.started_at ?? run.created_at;
  const signal = runSignal(run);
  const again = (step?: string): void =>
    void attempt(async () => {
      const next = await runsApi.retry(run.id, step === undefined ? {} : { from: step });
      navigate(`/work/runs/${next.id}`);
    });
  const shown = detail.items.find(({ key }) => key === selected);
  const rowOf = (step: RunStep, opened = false) => (
    <StepRow
      run={run}
      step={step}
      span={{ from, to }}
      operator={operator}
      onChanged={changed}
      onAgain={() => again(step.key)}
      opened={opened}
    />
  );
  return (
    <>
      <header className="flex min-h-14 shrink-0 items-center gap-2 border-b border-line px-4 py-2">
        <Link
          href="/work/workflows"
          aria-label="All workflows"
          className="thumb inline-flex size-8 shrink-0 items-center justify-center rounded-base text-muted hover:bg-hover"
        >
          <ArrowLeft size={16} />
        </Link>
        <div className="min-w-0 grow">
          <h1 className="truncate text-lead font-semibold">{run.title}</h1>
          <p className="flex items-center gap-1.5 text-muted">
            <Signal status={signal} silent />
            <span className={SIGNAL_TEXT[signal]} data-testid="run-status">
              {runWords(run)}
            </span>
            <span className="truncate">
              {run.title === run.workflow ? "" : `${run.workflow} · `}
              {duration(to - from)} · {tokens(run.spent)} tokens
            </span>
          </p>
        </div>
        {operator && !over && (
          <Button
            look="danger"
            onClick={() => void attempt(() => runsApi.cancel(run.id), "The run was cancelled.").then(changed)}
            data-testid="cancel-run"
          >
            <Square size={14} /> Cancel
          </Button>
        )}
        {operator && over && (
          <Button onClick={() => again()} title="What is known is not asked again" data-testid="again">
            <RotateCcw size={14} /> Run again
          </Button>
        )}
      </header>
      <div className="min-h-0 grow overflow-y-auto">
        <div
          className={classes(
            "mx-auto flex flex-col gap-6 p-4 pb-16",
            view === "graph" ? "max-w-6xl" : "max-w-4xl",
          )}
        >
          {run.budget !== null && <Budget spent={run.spent} budget={run.budget} />}
          {run.error !== null && (
            <p role="alert" className="rounded-base bg-trouble-ground p-3 break-words text-trouble-text">
              {run.error}
            </p>
          )}
          <div className="flex gap-1" role="group" aria-label="How the steps are shown">
            {(["steps", "graph"] as const).map((each) => (
              <Button
                key={each}
                aria-pressed={view === each}
                className="aria-pressed:border-edge"
                onClick={() => setView(each)}
                data-testid={`view-${each}`}
              >
                {each === "steps" ? "Steps" : "Graph"}
              </Button>
            ))}
          </div>
          {view === "graph" && (
            <section aria-label="Graph" className="flex flex-col gap-3">
              <RunGraph items={detail.items} selected={selected} onSelect={setSelected} />
              {shown !== undefined && (
                <div key={shown.key} ref={bringUp} className="rounded-base border border-line bg-surface">
                  {rowOf(shown, true)}
                </div>
              )}
            </section>
          )}
          {view === "steps" &&
            byPhase(detail).map(({ title, detail: about, steps }) => (
              <section key={title ?? ""} aria-label={title ?? "Steps"} data-testid="phase">
                <h2 className="mb-1 font-medium">
                  {title ?? "Steps"}{" "}
                  {about !== null && <span className="font-normal text-muted">{about}</span>}
                </h2>
                {steps.length === 0 ? (
                  <p className="text-muted">{over ? "No agent worked here." : "Not yet."}</p>
                ) : (
                  <ul className="flex flex-col rounded-base border border-line bg-surface">
                    {steps.map((step) => (
                      <li key={step.key} className="border-b border-line last:border-b-0">
                        {rowOf(step)}
                      </li>
                    ))}
                  </ul>
                )}
              </section>
            ))}
          {notes.length > 0 && (
            <section aria-label="Log">
              <h2 className="mb-1 font-medium">Log</h2>
              <ol className="flex flex-col gap-0.5" data-testid="run-log">
                {notes.map(({ n, at, kind, text }) => (
                  <li key={n} className="flex gap-3">
                    <span className="shrink-0 text-muted tabular-nums">{timeOfDay(at)}</span>
                    <span
                      className={
                        kind === "error"
                          ? "min-w-0 break-words text-trouble-text"
                          : kind === "phase"
                            ? "min-w-0 font-medium break-words"
                            : "min-w-0 break-words whitespace-pre-wrap"
                      }
                    >
                      {text}
                    </span>
                  </li>
                ))}
              </ol>
            </section>
          )}
          {run.status === "completed" && (
            <section aria-label="Result" data-testid="run-result">
              <h2 className="mb-1 font-medium">Result</h2>
              <CodeBlock
                code={typeof result === "string" ? result : JSON.stringify(result, null, 2)}
                language="json"
                what="the result"
              />
            </section>
          )}
          <details>
            <summary className="cursor-pointer text-muted">Arguments and script</summary>
            <div className="mt-2 flex flex-col gap-2">
              <CodeBlock code={JSON.stringify(args, null, 2)} language="json" what="the arguments" />
              <CodeBlock code={source} language="js" what="the script" />
            </div>
          </details>
        </div>
      </div>
    </>
  );
}

function Budget({ spent, budget }: { spent: number; budget: number }) {
  const part = Math.min(100, (spent / budget) * 100);
  return (
    <div className="flex flex-col gap-1">
      <p className="text-muted">
        {tokens(spent)} of {tokens(budget)} tokens
      </p>
      <div
        className="h-1.5 overflow-hidden rounded-small bg-raised"
        role="progressbar"
        aria-label="Budget"
        aria-valuenow={Math.round(part)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div
          className={part >= 100 ? "h-full bg-trouble" : "h-full bg-usual"}
          style={{ width: `${part}%` }}
        />
      </div>
    </div>
  );
}
