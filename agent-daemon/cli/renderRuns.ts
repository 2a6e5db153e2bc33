import type { Run } from "../../protocol/run.ts";
import type { RunDetail, RunNote, RunStep, Workflow } from "../../protocol/runs.ts";
import { ago } from "./renderStatus.ts";
import { printable } from "./renderSessions.ts";

const PLACES: Record<Workflow["source"], string> = {
  team: "the team's",
  catalogue: "built in",
  project: "of this directory",
  home: "of the home directory",
};

/** Characters of a line that a prompt or a result is cut to. */
const LINE = 100;

/** Workflows, a line each. Pure. */
export function renderWorkflows(workflows: Workflow[]): string[] {
  const width = Math.max(0, ...workflows.map(({ name }) => name.length));
  return workflows.map(
    ({ name, source, meta, path, problem, away }) =>
      `${printable(name).padEnd(width)}  ${printable(problem ?? meta.description)} (${printable(path ?? PLACES[source])}${away === true ? ", its host is away" : ""})`,
  );
}

/** Runs, a line each. Pure. */
export function renderRuns(runs: Run[], now: number): string[] {
  if (runs.length === 0) return ["Nothing has run yet."];
  return runs.map(({ id, workflow, status, steps, spent, budget, asks, created_at }) => {
    const counts = Object.entries(steps).map(([state, count]) => `${count} ${state.replace("_", " ")}`);
    const tokens = `${spent}${budget === null ? "" : ` of ${budget}`} tokens`;
    const waits = asks > 0 ? "  waits for an answer" : "";
    return `${id.slice(-6)}  ${workflow}  ${status}  ${counts.join(", ") || "no agents yet"}  ${tokens}  (${ago(now - created_at)})${waits}`;
  });
}

/** One run with its steps. Pure. */
export function renderRun({ run, items, result }: RunDetail, now: number): string[] {
  const lines = renderRuns([run], now);
  for (const [phase, steps] of Map.groupBy(items, (step) => step.phase ?? "")) {
    if (phase !== "") lines.push("", printable(phase));
    lines.push(...steps.map(renderStep));
  }
  if (run.error !== null) lines.push("", printable(run.error));
  if (result !== null) lines.push("", JSON.stringify(result, null, 2));
  return lines;
}

function renderStep({ status, label, prompt, cached, error, session, tokens }: RunStep): string {
  const name = printable(label ?? prompt.split("\n")[0] ?? "").slice(0, LINE);
  const marks = [
    cached ? "cached" : status.replace("_", " "),
    ...(tokens.output > 0 ? [`${tokens.input + tokens.output} tokens`] : []),
    ...(session === null ? [] : [session.slice(-6)]),
  ];
  return `  ${name}  (${marks.join(", ")})${error === null ? "" : `  ${printable(error).slice(0, LINE)}`}`;
}

/** What a script said, a line each. Pure. */
export function renderNotes(notes: RunNote[]): string[] {
  return notes.map(({ kind, text }) =>
    kind === "phase" ? `— ${printable(text)}` : kind === "error" ? `! ${printable(text)}` : printable(text),
  );
}
