import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Run } from "../../../protocol/run.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { runsApi } from "./runsApi.ts";
import { runSignal, runWords, tokens } from "./runWords.ts";

const SHOWN = 8;

/** The newest runs, live: those that the hub tells of stand in for what was fetched. */
export function RunList() {
  const { runs: live } = useHub();
  const { data } = useQuery({ queryKey: ["runs"], queryFn: () => runsApi.runs(null), staleTime: 0 });
  const known = new Map((data?.items ?? []).map((run) => [run.id, run]));
  for (const run of live.values()) {
    const fetched = known.get(run.id);
    if (fetched === undefined || fetched.version < run.version) known.set(run.id, run);
  }
  const runs = [...known.values()]
    .filter(({ parent }) => parent === null)
    .sort((a, b) => b.created_at - a.created_at)
    .slice(0, SHOWN);
  if (runs.length === 0) return null;
  return (
    <>
      <h2 className="text-lead font-medium">Runs</h2>
      <ul className="flex flex-col rounded-base border border-line bg-surface" aria-label="Runs">
        {runs.map((run) => (
          <li key={run.id} className="border-b border-line last:border-b-0">
            <RunRow run={run} />
          </li>
        ))}
      </ul>
    </>
  );
}

function RunRow({ run }: { run: Run }) {
  const all = Object.values(run.steps).reduce((sum, count) => sum + count, 0);
  const over = all - (run.steps.running ?? 0) - (run.steps.pending ?? 0);
  return (
    <Link
      href={`/work/runs/${run.id}`}
      className="flex min-h-9 items-center gap-2.5 px-3 py-1.5 hover:bg-hover touch:min-h-11"
      data-testid="run"
      data-status={run.status}
    >
      <Signal status={runSignal(run)} silent />
      <span className="min-w-0 grow truncate">
        {run.title}
        {run.title !== run.workflow && <span className="text-muted"> {run.workflow}</span>}
      </span>
      <span className="shrink-0 text-muted">{runWords(run)}</span>
      <span className="shrink-0 text-small text-muted phone:hidden">
        {over} of {all} · {tokens(run.spent)} tokens
      </span>
      <Since at={run.created_at} className="w-8 shrink-0 text-right text-small text-muted" />
    </Link>
  );
}
