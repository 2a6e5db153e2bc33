import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { Host } from "../../../protocol/host.ts";
import { useKeys } from "../../shared/keys/useKeys.ts";
import { classes } from "../../shared/lib/classes.ts";
import { usePhone } from "../../shared/lib/useMedia.ts";
import { isHostAway } from "../../shared/live/useHub.ts";
import { Presence, presenceWord } from "../../shared/ui/Presence.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { NO_HOST, type ListRow } from "./groupSessions.ts";
import { FoldRow } from "./FoldRow.tsx";
import { ROW_HEIGHT, SessionRow } from "./SessionRow.tsx";

const GROUP_HEIGHT = 34;

/** The grouped list, drawn only where it is looked at; the head of the group in view stays on top. */
export function SessionList({
  rows,
  hosts,
  end,
}: {
  rows: ListRow[];
  hosts: ReadonlyMap<string, Host>;
  /** What stands below the last row. */
  end?: ReactNode;
}) {
  const phone = usePhone();
  const scroller = useRef<HTMLDivElement>(null);
  const heads = useMemo(() => rows.flatMap((row, index) => (row.kind === "group" ? [index] : [])), [rows]);
  const stuck = useRef(0);
  const rowHeight = phone ? ROW_HEIGHT.phone : ROW_HEIGHT.desk;

  // oxlint-disable-next-line react/incompatible-library -- there is no compiler here, and the virtualizer is not passed to memoized children
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === "group" ? GROUP_HEIGHT : rowHeight),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    scrollPaddingStart: GROUP_HEIGHT,
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        stuck.current = heads.findLast((head) => head <= range.startIndex) ?? 0;
        return [...new Set([stuck.current, ...defaultRangeExtractor(range)])].sort((a, b) => a - b);
      },
      [heads],
    ),
  });
  useEffect(() => virtualizer.measure(), [virtualizer, rowHeight, rows.length]);

  const [selected, setSelected] = useState<string | null>(null);
  const [, navigate] = useLocation();
  function move(step: 1 | -1): void {
    const from =
      selected === null ? (step === 1 ? -1 : rows.length) : rows.findIndex((row) => row.key === selected);
    for (let index = from + step; index >= 0 && index < rows.length; index += step) {
      const row = rows[index];
      if (row === undefined || row.kind === "group") continue;
      setSelected(row.key);
      virtualizer.scrollToIndex(index, { align: "auto" });
      return;
    }
  }
  function open(): void {
    const row = rows.find(({ key }) => key === selected);
    if (row?.kind === "session") navigate(`/sessions/${row.key}`);
    else if (row?.kind === "fold") navigate(row.fold.href);
  }
  useKeys([
    { keys: ["j", "ArrowDown"], label: "Next session", group: "Sessions", run: () => move(1) },
    { keys: ["k", "ArrowUp"], label: "Previous session", group: "Sessions", run: () => move(-1) },
    {
      keys: ["Enter"],
      label: "Open the session",
      group: "Sessions",
      run: open,
    },
    { keys: ["Escape"], label: "Select nothing", group: "Sessions", run: () => setSelected(null) },
  ]);

  return (
    <div
      ref={scroller}
      data-testid="session-list"
      className="min-h-0 grow overflow-y-auto overscroll-contain [overflow-anchor:none]"
    >
      <div
        role="list"
        aria-label="Sessions"
        className="relative w-full"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const sticky = item.index === stuck.current;
          return (
            <div
              key={item.key}
              role="listitem"
              className={classes("inset-x-0 top-0", sticky ? "sticky z-10" : "absolute")}
              style={{ height: item.size, ...(sticky ? {} : { transform: `translateY(${item.start}px)` }) }}
            >
              {row.kind === "group" ? (
                <GroupHead row={row} />
              ) : row.kind === "fold" ? (
                <FoldRow fold={row.fold} selected={row.key === selected} />
              ) : (
                <SessionRow
                  session={row.session}
                  need={row.need}
                  host={row.host}
                  showHost={row.showHost}
                  selected={row.key === selected}
                  away={isHostAway(hosts, row.session)}
                />
              )}
            </div>
          );
        })}
      </div>
      {end}
    </div>
  );
}

const HEADS = { attention: "Needs you", finished: "Finished", ended: "Ended" } as const;

function GroupHead({ row }: { row: Extract<ListRow, { kind: "group" }> }) {
  const attention = row.group === "attention";
  return (
    <div
      className={classes(
        "flex h-full items-center gap-2 border-b border-line px-4",
        attention ? "bg-waiting-ground text-waiting-text" : "bg-surface text-muted",
      )}
    >
      {attention && <Signal status="waiting" silent />}
      {row.group === "finished" && <Signal status="done" silent />}
      {row.group === "host" && row.host !== null && <Presence presence={row.host.presence} size={12} />}
      <h2
        className={classes(
          "truncate font-medium",
          row.group === "host" && "text-text",
          row.group === "finished" && "text-done-text",
        )}
      >
        {row.group !== "host"
          ? HEADS[row.group]
          : (row.host?.name ?? (row.key === NO_HOST ? "On no host" : "Unknown host"))}
      </h2>
      <span>{row.count}</span>
      {row.group === "host" && row.host !== null && (
        <span className="ml-auto truncate text-small">
          {row.host.presence === "online" ? (
            row.host.info === null ? null : (
              `${row.host.info.os} · ${row.host.info.arch}`
            )
          ) : (
            <>
              {presenceWord(row.host.presence)}
              {row.host.last_seen !== null && (
                <>
                  , last seen <Since at={row.host.last_seen} long />
                </>
              )}
            </>
          )}
        </span>
      )}
    </div>
  );
}
