import { useMemo, useState } from "react";
import type { RunStep } from "../../../../protocol/runs.ts";
import { classes } from "../../../shared/lib/classes.ts";
import { usePhone } from "../../../shared/lib/useMedia.ts";
import { useHub } from "../../../shared/live/useHub.ts";
import { Button } from "../../../shared/ui/Button.tsx";
import { Signal } from "../../../shared/ui/Signal.tsx";
import { stepSignal, stepWords } from "../runWords.ts";
import { foldGraph, type GraphNode } from "./foldGraph.ts";
import { layoutGraph, NODE_HEIGHT } from "./layoutGraph.ts";
import { runGraph } from "./runGraph.ts";

/** More than these are not drawn: no line could be followed among them. */
const MOST_STEPS = 2_000;

type Props = {
  items: RunStep[];
  selected: string | null;
  onSelect(key: string | null): void;
};

/** What waited for what in a run: each step after those that had ended when the script asked for it. */
export function RunGraph({ items, selected, onSelect }: Props) {
  const phone = usePhone();
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const [wide, setWide] = useState(0);
  const graph = useMemo(() => (items.length > MOST_STEPS ? null : runGraph(items)), [items]);
  const layers = useMemo(() => (graph === null ? [] : foldGraph(graph, unfolded)), [graph, unfolded]);
  const layout = useMemo(() => layoutGraph(layers, phone, wide), [layers, phone, wide]);
  if (graph === null)
    return (
      <p className="text-muted">
        {items.length > MOST_STEPS
          ? `A graph of ${items.length} steps could not be read. They are listed under Steps.`
          : "This run is from before what waited for what was noted."}
      </p>
    );
  if (items.length === 0) return <p className="text-muted">No agent yet.</p>;
  const byKey = layout.boxes.find(({ node }) => node.steps.some(({ step }) => step.key === selected));
  const here = byKey?.node.id ?? null;
  return (
    <div className="flex flex-col gap-2">
      <div className="-mt-1 flex items-center gap-2 text-small text-muted">
        <p className="grow">A line leads to what began when the other had ended.</p>
        {unfolded.size > 0 && (
          <Button look="quiet" onClick={() => setUnfolded(new Set())}>
            Fold
          </Button>
        )}
      </div>
      <div
        ref={(element) => {
          if (element !== null && element.clientWidth !== wide) setWide(element.clientWidth);
        }}
        className="overflow-x-auto"
        data-testid="run-graph"
      >
        <div className="relative" style={{ width: layout.width, height: layout.height }}>
          <svg
            aria-hidden
            className="pointer-events-none absolute inset-0"
            width={layout.width}
            height={layout.height}
            fill="none"
          >
            {layout.lines.map(({ from, to, path }) => {
              const its = from === here || to === here;
              return (
                <path
                  key={`${from} ${to}`}
                  d={path}
                  strokeWidth={its ? 2 : 1}
                  stroke={its ? "var(--color-focus)" : "var(--color-edge)"}
                  strokeOpacity={here === null || its ? 1 : 0.35}
                  data-testid="graph-line"
                />
              );
            })}
          </svg>
          {layout.heads.map(({ text, x, y }, index) => (
            <h3
              key={index}
              className="absolute truncate text-small text-muted"
              style={{ left: x, top: y, maxWidth: phone ? wide - x : 208 }}
            >
              {text}
            </h3>
          ))}
          <ol>
            {layout.boxes.map(({ node, x, y, width }) => (
              <li
                key={node.id}
                className="absolute"
                style={{ left: x, top: y, width, height: phone ? NODE_HEIGHT.phone : NODE_HEIGHT.desk }}
              >
                <Node
                  node={node}
                  here={node.id === here}
                  waitedFor={node.after.length}
                  onOpen={() => {
                    const [first] = node.steps;
                    if (node.steps.length > 1) setUnfolded(new Set([...unfolded, node.id]));
                    else if (first !== undefined)
                      onSelect(first.step.key === selected ? null : first.step.key);
                  }}
                />
              </li>
            ))}
          </ol>
        </div>
      </div>
    </div>
  );
}

function Node({
  node,
  here,
  waitedFor,
  onOpen,
}: {
  node: GraphNode;
  here: boolean;
  waitedFor: number;
  onOpen(): void;
}) {
  const { sessions } = useHub();
  const waits = ({ session }: RunStep): boolean =>
    session !== null && sessions.get(session)?.status === "waiting";
  const steps = node.steps.map(({ step }) => step);
  const [first] = steps;
  if (first === undefined) return null;
  const many = steps.length > 1;
  const states = Map.groupBy(steps, (step) => stepSignal(step, waits(step)));
  const signal =
    (["waiting", "trouble", "working", "idle"] as const).find((status) => states.has(status)) ?? "done";
  const words = [...Map.groupBy(steps, stepWords)]
    .map(([word, of]) => (many ? `${of.length} ${word}` : word))
    .join(", ");
  // That one is done its sign says already; its name needs the room.
  const shows =
    !many && words === "completed"
      ? "sr-only"
      : classes("truncate text-small text-muted", many ? "max-w-[60%]" : "shrink-0");
  const title = many ? `${first.phase ?? "Steps"}: ${steps.length}` : (first.label ?? first.prompt);
  return (
    <button
      type="button"
      onClick={onOpen}
      aria-expanded={many ? false : here}
      title={`${title}: ${words}`}
      data-testid="graph-node"
      data-many={many || undefined}
      className={classes(
        "flex size-full items-center gap-2 rounded-base border bg-surface px-2.5 text-left hover:bg-hover",
        here ? "border-focus" : many ? "border-edge" : "border-line",
      )}
    >
      <Signal status={signal} size={10} silent />
      <span className="min-w-0 grow truncate">{title}</span>
      <span className={shows}>{words}</span>
      <span className="sr-only">
        {waitedFor === 0 ? "waited for nothing" : `began after ${waitedFor} before it`}
      </span>
    </button>
  );
}
