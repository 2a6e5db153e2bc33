import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, type CSSProperties, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { classes } from "../../shared/lib/classes.ts";
import { isHostAway, useHub } from "../../shared/live/useHub.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";
import { Presence } from "../../shared/ui/Presence.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { railRows } from "./railRows.ts";

const HEIGHT = 28;

/** Every open session, by host. */
export function RailSessions() {
  const { sessions, hosts } = useHub();
  const rows = useMemo(() => railRows(sessions.values(), hosts.values()), [sessions, hosts]);
  const scroller = useRef<HTMLDivElement>(null);
  const [path] = useLocation();
  const current = path.startsWith("/sessions/") ? path.slice("/sessions/".length) : null;
  // oxlint-disable-next-line react/incompatible-library -- there is no compiler here, and the virtualizer is not passed to memoized children
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => HEIGHT,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 10,
    paddingStart: 4,
    paddingEnd: 8,
  });

  const latest = useRef({ rows, virtualizer });
  useEffect(() => {
    latest.current = { rows, virtualizer };
  });
  useEffect(() => {
    const index = latest.current.rows.findIndex((row) => row.key === current);
    if (index >= 0) latest.current.virtualizer.scrollToIndex(index, { align: "auto" });
  }, [current]);

  return (
    <div
      ref={scroller}
      className="min-h-0 grow overflow-y-auto border-t border-line"
      data-testid="rail-sessions"
    >
      <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const place = { height: HEIGHT, transform: `translateY(${item.start}px)` };
          if (row.kind === "host") {
            return (
              <h2
                key={row.key}
                style={place}
                className="absolute inset-x-0 top-0 flex items-end gap-2 px-4 pb-1 text-small text-muted"
              >
                <span className="flex h-4 items-center">
                  <Presence presence={row.host.presence} size={8} />
                </span>
                <span className="truncate">{row.host.name}</span>
              </h2>
            );
          }
          if (row.kind === "none") {
            return (
              <h2
                key={row.key}
                style={place}
                className="absolute inset-x-0 top-0 flex items-end px-4 pb-1 text-small text-muted"
              >
                On no host
              </h2>
            );
          }
          if (row.kind === "fold") {
            const { fold } = row;
            return (
              <RailLink
                key={row.key}
                place={place}
                href={fold.href}
                here={fold.href === path || fold.sessions.some(({ id }) => id === current)}
                title={fold.title}
              >
                <Signal status={fold.status} size={10} />
                <span className="grow truncate">{fold.title}</span>
                {fold.sessions.length > 1 && (
                  <span className="shrink-0 text-small text-muted">{fold.sessions.length} agents</span>
                )}
              </RailLink>
            );
          }
          const { session } = row;
          return (
            <RailLink
              key={row.key}
              place={place}
              href={`/sessions/${session.id}`}
              here={session.id === current}
              title={session.title}
            >
              <Signal status={session.status} size={10} hollow={isHostAway(hosts, session)} />
              <span className="grow truncate">{session.title}</span>
              {(session.provider === "edge" || (session.agent !== null && session.agent !== "shell")) && (
                <span className="shrink-0 text-small text-muted">{agentLabel(session)}</span>
              )}
            </RailLink>
          );
        })}
      </div>
    </div>
  );
}

function RailLink({
  place,
  href,
  here,
  title,
  children,
}: {
  place: CSSProperties;
  href: string;
  here: boolean;
  title: string;
  children: ReactNode;
}) {
  return (
    <div style={place} className="absolute inset-x-2 top-0">
      <Link
        href={href}
        aria-current={here ? "page" : undefined}
        title={title}
        className={classes(
          "flex h-full items-center gap-2.5 rounded-base px-2",
          here ? "bg-selected" : "text-text hover:bg-hover",
        )}
      >
        {children}
      </Link>
    </div>
  );
}
