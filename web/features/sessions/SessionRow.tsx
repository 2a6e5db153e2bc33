import { memo } from "react";
import { Link } from "wouter";
import type { Host } from "../../../protocol/host.ts";
import { isEnded, type Session } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { AgentLabel } from "../../shared/ui/AgentName.tsx";
import { GitLabel } from "../../shared/ui/GitLabel.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { Signal, SIGNAL_TEXT } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import type { Need } from "./needOf.ts";

type RowProps = {
  session: Session;
  need: Need | null;
  host: Host | null;
  showHost: boolean;
  selected: boolean;
  away: boolean;
};

/** Height of a row, fixed so that a list of any length scrolls without measuring. */
export const ROW_HEIGHT = { desk: 54, phone: 80 } as const;

/** One session in the list. */
export const SessionRow = memo(function SessionRow(props: RowProps) {
  const { session, need, host, showHost, selected, away } = props;
  const asks = need?.kind === "approval" || need?.kind === "question";
  return (
    <Link
      href={`/sessions/${session.id}`}
      data-testid="session-row"
      data-session={session.id}
      data-status={session.status}
      aria-current={selected ? "true" : undefined}
      className={classes(
        "group relative grid h-full content-center gap-x-3 border-b border-line px-4 outline-offset-[-2px] transition-colors duration-75",
        "grid-cols-[12px_minmax(0,1fr)_auto] desk:grid-cols-[12px_minmax(0,1.5fr)_92px_minmax(0,1.3fr)_minmax(0,176px)_40px]",
        selected ? "bg-selected" : "hover:bg-hover",
      )}
    >
      <span className="flex h-5 items-center">
        <Signal status={session.status} hollow={away} />
      </span>
      <span className="flex min-w-0 items-baseline gap-2">
        <span
          className={classes(
            "truncate font-medium phone:text-lead",
            isEnded(session) && need === null && "font-normal text-muted",
          )}
          title={session.title}
        >
          {session.title}
        </span>
      </span>
      <span className="min-w-0 truncate text-muted phone:hidden">
        <AgentLabel session={session} />
      </span>
      <span className="flex min-w-0 items-center text-muted phone:hidden">
        {session.cwd !== null && <Path path={session.cwd} className="text-[12px]" />}
      </span>
      <span className="min-w-0 text-muted phone:hidden">
        {session.git !== null && <GitLabel git={session.git} />}
      </span>
      <Since at={need?.since ?? session.ended_at ?? session.status_since} className="text-right text-muted" />

      <span className="col-start-2 flex min-w-0 items-center gap-2 text-muted desk:hidden phone:col-start-2 phone:col-end-[-1]">
        <AgentLabel session={session} />
        {showHost && host !== null && <span className="truncate">{host.name}</span>}
        {session.git !== null && <GitLabel git={session.git} />}
        {session.git === null && session.cwd !== null && <Path path={session.cwd} />}
      </span>
      <span className="col-start-2 col-end-[-1] flex min-w-0 items-baseline gap-2">
        {showHost && host !== null && (
          <span className="shrink-0 rounded-small border border-line px-1 text-small leading-4 text-muted phone:hidden">
            {host.name}
          </span>
        )}
        {need !== null && (
          <span
            data-testid="need"
            data-kind={need.kind}
            title={need.words}
            className={classes(
              "truncate",
              asks ? "min-w-0 desk:max-w-[60%] desk:shrink-0" : "max-w-[60%] shrink-0",
              SIGNAL_TEXT[need.kind === "finished" ? "done" : session.status],
            )}
          >
            {need.words}
          </span>
        )}
        <span
          className={classes(
            "min-w-0 truncate font-mono text-[12px] text-muted",
            // What it asks needs the whole line there.
            asks && "phone:hidden",
          )}
          title={session.preview ?? undefined}
        >
          {session.preview ?? ""}
        </span>
      </span>
    </Link>
  );
});
