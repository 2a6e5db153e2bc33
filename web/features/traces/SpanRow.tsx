import { ChevronRight, MessageSquare, ShieldQuestion, Sparkles, Wrench, type LucideIcon } from "lucide-react";
import { memo } from "react";
import type { SpanKind } from "../../../protocol/traces.ts";
import { classes } from "../../shared/lib/classes.ts";
import { duration } from "../../shared/lib/duration.ts";
import { CallSign } from "../chat/CallSign.tsx";
import { Elapsed } from "./Elapsed.tsx";
import { SpanBar } from "./SpanBar.tsx";
import { KIND_WORDS, spanTitle, STATE_WORDS } from "./spanWords.ts";
import { axisLength, type TraceRow } from "./traceTree.ts";

const ICONS: Record<SpanKind, LucideIcon> = {
  turn: MessageSquare,
  model: Sparkles,
  tool: Wrench,
  approval: ShieldQuestion,
};

type RowProps = {
  row: TraceRow;
  id: string;
  active: boolean;
  onChoose(key: string): void;
  onFold(key: string): void;
};

/** One line of the tree: what was done, when within its turn, and for how long. Two lines on a phone. */
export const SpanRow = memo(function SpanRow({ row, id, active, onChoose, onFold }: RowProps) {
  const { node, tree, depth, unfolded } = row;
  const state = node?.state ?? tree.state;
  const { word, sign } = STATE_WORDS[state];
  const kind = node?.span.kind ?? "turn";
  const Icon = ICONS[kind];
  const span = node?.span ?? tree.root;
  const title = span === null ? "" : spanTitle(span);
  const loud = state === "failed" || state === "expired";
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={active}
      {...(unfolded === null ? {} : { "aria-expanded": unfolded })}
      data-testid="span"
      data-kind={kind}
      data-state={state}
      data-span={span?.id}
      onClick={() => onChoose(row.key)}
      className={classes(
        "relative grid h-7 cursor-pointer grid-cols-[minmax(0,9fr)_minmax(0,8fr)_56px] items-center gap-x-3 pr-3 phone:h-12 phone:grid-cols-[minmax(0,1fr)_56px] phone:content-center phone:gap-y-1",
        active ? "bg-selected" : "hover:bg-hover",
        node === null && "border-t border-line",
      )}
    >
      <span className="flex min-w-0 items-center gap-1.5" style={{ paddingLeft: 8 + depth * 14 }}>
        {unfolded === null ? (
          <span className="w-4 shrink-0" />
        ) : (
          <button
            type="button"
            tabIndex={-1}
            aria-label={unfolded ? "Fold" : "Unfold"}
            onClick={(event) => {
              event.stopPropagation();
              onFold(row.key);
            }}
            className="thumb flex size-4 shrink-0 items-center justify-center rounded-small text-muted hover:text-text"
          >
            <ChevronRight size={12} aria-hidden className={classes(unfolded && "rotate-90")} />
          </button>
        )}
        <span title={word} className="flex shrink-0">
          <CallSign sign={sign} size={11} />
        </span>
        <Icon size={13} aria-hidden className="shrink-0 text-muted" />
        <span className="sr-only">
          {KIND_WORDS[kind]}, {word}:
        </span>
        {node === null && <span className="shrink-0 font-medium">Turn {tree.turn}</span>}
        <span
          title={title}
          className={classes(
            "min-w-0 truncate",
            kind === "tool" && "font-mono text-[12px]",
            loud ? "text-trouble-text" : node === null || kind === "approval" ? "text-muted" : "",
          )}
        >
          {title}
        </span>
      </span>
      <span className="text-right text-muted phone:order-none desk:order-last">
        {span === null ? null : span.ended_at !== null ? (
          duration(span.ended_at - span.started_at)
        ) : state === "unknown" ? (
          "not known"
        ) : (
          <Elapsed since={span.started_at} />
        )}
      </span>
      <span
        className={classes(
          "relative bg-[linear-gradient(to_right,var(--line)_1px,transparent_1px)] bg-[length:25%_100%] phone:col-span-2 phone:ml-3 phone:h-1.5",
          node === null ? "h-4" : "h-2",
        )}
      >
        <SpanBar row={row} />
        {unfolded === true && node === null && tree.end !== null && (
          <span
            title="Length of the axis"
            className="absolute top-0 right-0 text-small leading-none text-muted phone:hidden"
          >
            {duration(axisLength(tree.end - tree.start))}
          </span>
        )}
      </span>
    </div>
  );
});
