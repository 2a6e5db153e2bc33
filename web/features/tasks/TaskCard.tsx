import { useQuery } from "@tanstack/react-query";
import { RotateCcw, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { isTaskEnded, type Task } from "../../../protocol/tasks.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { classes } from "../../shared/lib/classes.ts";
import { duration } from "../../shared/lib/duration.ts";
import { shortPath } from "../../shared/lib/paths.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Markdown } from "../../shared/markdown/Markdown.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { Signal, SIGNAL_TEXT } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { attempt } from "../work/attempt.ts";
import { workApi } from "../work/workApi.ts";
import { taskTime, taskWords, tokenWords } from "./taskWords.ts";
import { Unfold } from "../../shared/ui/Unfold.tsx";

type Props = { task: Task; operator: boolean; opened: boolean; onChanged(): void };

/** One task: how it stands, for how long, what it cost, and what can be done about it. */
export function TaskCard({ task, operator, opened, onChanged }: Props) {
  const [open, setOpen] = useState(opened);
  const [busy, setBusy] = useState(false);
  const { sessions, hosts } = useHub();
  const over = isTaskEnded(task);
  const now = useNow(over ? "slow" : "second");
  const session = task.session === null ? undefined : sessions.get(task.session);
  const { signal, word } = taskWords(task, session, now);
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    if (opened) card.current?.scrollIntoView({ block: "center" });
  }, [opened]);
  const act = (work: () => Promise<unknown>, done: string): void => {
    setBusy(true);
    void attempt(work, done).then(() => {
      setBusy(false);
      onChanged();
    });
  };
  const host = task.host === null ? null : (hosts.get(task.host)?.name ?? "a host that is gone");
  const time = taskTime(task, now);
  const tokens = task.tokens.input + task.tokens.output;
  const facts = [
    time === null ? null : duration(over ? time : Math.floor(time / 1_000) * 1_000),
    task.tries > 1 ? `try ${task.tries} of ${task.most_tries}` : null,
    tokens === 0 ? null : `${tokenWords(tokens)} tokens`,
    task.provider === "edge" ? null : task.provider,
    host,
    task.cwd === null ? null : shortPath(task.cwd),
  ].filter((each) => each !== null);
  return (
    <article
      ref={card}
      className={classes(
        "flex flex-col gap-1.5 rounded-base border bg-surface p-3",
        opened ? "border-edge" : "border-line",
      )}
      data-testid="task"
      data-task={task.id}
      data-status={task.status}
    >
      <div className="flex items-start gap-2.5">
        <span className="flex h-5 shrink-0 items-center">
          <Signal status={signal} />
        </span>
        <div className="min-w-0 grow">
          <h2 className="font-medium break-words">{task.title}</h2>
          <p className="break-words">
            <span className={SIGNAL_TEXT[signal]}>{word}</span>
            <span className="text-muted tabular-nums">{facts.map((fact) => ` · ${fact}`).join("")}</span>
          </p>
          {task.error !== null && task.status !== "cancelled" && (
            <p className={classes("break-words", over ? "text-trouble-text" : "text-muted")}>{task.error}</p>
          )}
        </div>
        <Since at={task.created_at} className="shrink-0 text-small text-muted" />
      </div>
      <div className="flex flex-wrap items-center gap-1 pl-[22px]">
        <Unfold open={open} onChange={setOpen} testId="task-more">
          {task.status === "completed" ? "Result" : "Prompt"}
        </Unfold>
        <span className="grow" />
        {task.session !== null && (
          <Link
            href={`/sessions/${task.session}`}
            className="thumb flex min-h-8 items-center rounded-base px-3 text-muted hover:bg-hover hover:text-text touch:min-h-11"
            data-testid="task-session"
          >
            Open session
          </Link>
        )}
        {operator && !over && (
          <Button
            disabled={busy || task.cancelled_by !== null}
            onClick={() => act(() => workApi.cancelTask(task.id), `${task.title} is being ended.`)}
            data-testid="cancel-task"
          >
            <X size={14} /> Cancel
          </Button>
        )}
        {operator && over && (
          <Button
            disabled={busy}
            onClick={() => act(() => workApi.retryTask(task.id), `${task.title} waits its turn.`)}
            data-testid="retry-task"
          >
            <RotateCcw size={14} /> {task.status === "dead" ? "Requeue" : "Run again"}
          </Button>
        )}
      </div>
      {open && <Details task={task} />}
    </article>
  );
}

/** The whole prompt, and the whole result. */
function Details({ task }: { task: Task }) {
  const { data, error } = useQuery({
    queryKey: ["task", task.id, task.version],
    queryFn: () => workApi.task(task.id),
    placeholderData: (before) => before,
  });
  if (error !== null) return <p className="pl-[22px] text-trouble-text">{failureSentence(error)}</p>;
  if (data === undefined) return <Skeleton className="h-16" />;
  return (
    <div className="flex flex-col gap-2 border-t border-line pt-2 pl-[22px]">
      {data.result !== null && data.result !== "" && (
        <div data-testid="task-result" className="min-w-0 overflow-x-auto">
          <Markdown text={data.result} />
        </div>
      )}
      <p className="text-small text-muted">
        Asked by {task.by}
        {data.spec.model === undefined ? "" : `, ${data.spec.model}`}
      </p>
      <pre className="max-h-64 overflow-auto font-mono text-[12px] break-words whitespace-pre-wrap text-muted">
        {data.spec.prompt}
      </pre>
    </div>
  );
}
