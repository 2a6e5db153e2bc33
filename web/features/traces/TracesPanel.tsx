import { useMemo, useState, type KeyboardEvent } from "react";
import { classes } from "../../shared/lib/classes.ts";
import { useMedia } from "../../shared/lib/useMedia.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog } from "../../shared/ui/Dialog.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { LogList } from "../../shared/ui/LogList.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { NotFetched } from "./NotFetched.tsx";
import { SpanDetails } from "./SpanDetails.tsx";
import { SpanRow } from "./SpanRow.tsx";
import { ALL_SPANS, buildTurns, rowKey, traceRows, type TraceFilter, type TraceRow } from "./traceTree.ts";
import { useTrace } from "./useTrace.ts";

const KINDS = [
  [null, "Everything"],
  ["model", "Models"],
  ["tool", "Tools"],
  ["approval", "Waits"],
] as const;
const OUTCOMES = [
  ["all", "Any end"],
  ["trouble", "Went wrong"],
  ["slow", "Slow"],
] as const;

/** What took how long: every turn of a session with its model calls, tool calls and waits. */
export default function TracesPanel({ session, away }: { session: string; away: boolean }) {
  const { trace, problem, store } = useTrace(session);
  const [filter, setFilter] = useState(ALL_SPANS);
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [chosen, setChosen] = useState<string | null>(null);
  const [goTo, setGoTo] = useState<{ key: string; nearest: true } | null>(null);
  const [sheet, setSheet] = useState(false);
  const beside = useMedia("(width >= 1180px)");

  const turns = useMemo(() => buildTurns(trace.spans.values(), away), [trace.spans, away]);
  // The newest turn is unfolded, and stays so when another one comes.
  const newest = trace.loaded ? turns.at(-1) : undefined;
  const newestKey = newest === undefined ? null : rowKey(newest.turn, null);
  if (newestKey !== null && !folds.has(newestKey)) setFolds(new Map(folds).set(newestKey, true));
  const isUnfolded = (key: string, depth: number): boolean => folds.get(key) ?? depth > 0;
  const rows = useMemo(
    () => traceRows(turns, { filter, isUnfolded: (key, depth) => folds.get(key) ?? depth > 0 }),
    [turns, filter, folds],
  );
  const at = Math.max(
    0,
    rows.findIndex(({ key }) => key === (chosen ?? newestKey)),
  );
  const active = rows[at];

  function choose(row: TraceRow | undefined): void {
    if (row === undefined) return;
    setChosen(row.key);
    setGoTo({ key: row.key, nearest: true });
  }
  function fold(key: string, depth: number): void {
    setFolds(new Map(folds).set(key, !isUnfolded(key, depth)));
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || active === undefined) return;
    switch (event.key) {
      case "ArrowDown":
        choose(rows[at + 1]);
        break;
      case "ArrowUp":
        choose(rows[at - 1]);
        break;
      case "Home":
        choose(rows[0]);
        break;
      case "End":
        choose(rows.at(-1));
        break;
      case "ArrowRight":
        if (active.unfolded === false) fold(active.key, active.depth);
        else if (active.unfolded === true) choose(rows[at + 1]);
        break;
      case "ArrowLeft":
        if (active.unfolded === true) fold(active.key, active.depth);
        else choose(rows.find(({ key }) => key === active.parent));
        break;
      case "Enter":
      case " ":
        setSheet(true);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  const span = active?.node?.span ?? active?.tree.root ?? null;
  const state = active?.node?.state ?? active?.tree.state ?? "unknown";
  const details = span === null ? null : <SpanDetails session={session} span={span} state={state} />;
  const filtered = filter !== ALL_SPANS;

  if (!trace.loaded)
    return problem === null ? <Waiting /> : <NotFetched problem={problem} retry={store.refresh} />;
  if (turns.length === 0)
    return (
      <Empty title="Nothing has been traced yet">
        <p>Every turn shows here as it runs: what the model and each tool did, when, and for how long.</p>
      </Empty>
    );
  return (
    <div className="flex min-h-0 grow" data-testid="traces">
      <div className="flex min-w-0 grow flex-col">
        <FilterLine filter={filter} onChange={setFilter} />
        {problem !== null && <NotFetched problem={problem} retry={store.refresh} />}
        {rows.length === 0 ? (
          <Empty title="Nothing here fits">
            <div className="flex gap-2">
              <Button onClick={() => setFilter(ALL_SPANS)}>Show everything</Button>
              {trace.cursor !== null && (
                <Button onClick={() => void store.loadOlder()}>Look at older turns</Button>
              )}
            </div>
          </Empty>
        ) : (
          <LogList
            items={rows}
            keyOf={(row) => row.key}
            estimate={() => 28}
            render={(row) => (
              <SpanRow
                row={row}
                id={idOf(row.key)}
                active={row.key === active?.key}
                onChoose={(key) => {
                  setChosen(key);
                  setSheet(true);
                }}
                onFold={(key) => fold(key, row.depth)}
              />
            )}
            loadOlder={trace.cursor === null ? undefined : store.loadOlder}
            goTo={goTo}
            tree={{ active: active === undefined ? undefined : idOf(active.key), onKeyDown }}
            label="Trace"
            testId="trace"
          />
        )}
        {filtered && rows.length > 0 && trace.cursor !== null && (
          <Button look="quiet" className="m-2 self-center" onClick={() => void store.loadOlder()}>
            Look at older turns too
          </Button>
        )}
      </div>
      {beside ? (
        <aside
          aria-label="Details of the line"
          className="w-[360px] shrink-0 overflow-y-auto border-l border-line"
        >
          {details}
        </aside>
      ) : (
        sheet &&
        details !== null && (
          <Dialog open onClose={() => setSheet(false)} title="Details">
            {details}
          </Dialog>
        )
      )}
    </div>
  );
}

function idOf(key: string): string {
  return `row ${key}`.replaceAll(/\s/g, "-");
}

function FilterLine({ filter, onChange }: { filter: TraceFilter; onChange(filter: TraceFilter): void }) {
  const change = (patch: Partial<TraceFilter>): void => {
    const next = { ...filter, ...patch };
    onChange(next.kind === null && next.outcome === "all" ? ALL_SPANS : next);
  };
  return (
    <div className="flex h-9 shrink-0 items-center gap-1 overflow-x-auto border-b border-line px-3 [scrollbar-width:none] phone:h-12">
      {KINDS.map(([kind, word]) => (
        <Choice key={word} on={filter.kind === kind} onClick={() => change({ kind })} test={`kind-${kind}`}>
          {word}
        </Choice>
      ))}
      <span aria-hidden className="mx-1 h-4 w-px shrink-0 bg-line" />
      {OUTCOMES.map(([outcome, word]) => (
        <Choice
          key={word}
          on={filter.outcome === outcome}
          onClick={() => change({ outcome })}
          test={`outcome-${outcome}`}
        >
          {word}
        </Choice>
      ))}
    </div>
  );
}

function Choice({
  on,
  onClick,
  test,
  children,
}: {
  on: boolean;
  onClick(): void;
  test: string;
  children: string;
}) {
  return (
    <button
      type="button"
      aria-pressed={on}
      data-testid={test}
      onClick={onClick}
      className={classes(
        "thumb h-6 shrink-0 rounded-small px-2 phone:h-8",
        on ? "bg-raised text-text" : "text-muted hover:text-text",
      )}
    >
      {children}
    </button>
  );
}

function Waiting() {
  return (
    <div className="flex flex-col gap-2 p-4 pt-13">
      {[70, 55, 62, 40].map((width) => (
        <div key={width} style={{ width: `${width}%` }}>
          <Skeleton className="h-5" />
        </div>
      ))}
    </div>
  );
}
