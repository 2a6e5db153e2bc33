import { classes } from "../../shared/lib/classes.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { barOf, isWait, paceOf, workedMs, type Pace, type TraceRow } from "./traceTree.ts";

const PACES: Record<Pace, string> = { quick: "bg-quick", usual: "bg-usual", slow: "bg-slow" };

/** When a span was and how long it took, to scale on the axis of its turn. */
export function SpanBar({ row }: { row: TraceRow }) {
  return row.tree.end === null ? <LiveBar row={row} /> : <Bar row={row} now={row.tree.end} />;
}

function LiveBar({ row }: { row: TraceRow }) {
  return <Bar row={row} now={useNow("second")} />;
}

function Bar({ row: { node, tree }, now }: { row: TraceRow; now: number }) {
  const span = node?.span ?? tree.root ?? { started_at: tree.start, ended_at: tree.end };
  const { left, width } = barOf(span, tree, now);
  const waits = node !== null && (isWait(node.span) || node.state === "waiting");
  const pace = node === null ? undefined : paceOf(workedMs(node, now));
  return (
    <span
      aria-hidden
      data-testid="bar"
      data-pace={waits ? undefined : pace}
      style={{ left: `min(${left}%, calc(100% - 2px))`, width: `${width}%` }}
      className={classes(
        "absolute min-w-[2px] rounded-[2px]",
        node === null || pace === undefined
          ? "bottom-0 h-[3px] bg-edge"
          : waits
            ? // Nothing is done while a person is waited for: the bar is hollow.
              classes("inset-y-0 border", node.state === "waiting" ? "border-waiting" : "border-edge")
            : classes(
                "inset-y-0",
                node.state === "unknown" ? "border border-dashed border-edge" : PACES[pace],
              ),
      )}
    />
  );
}
