import { Link } from "wouter";
import type { Session } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { isHostAway, useHub } from "../../shared/live/useHub.ts";
import { AgentLabel } from "../../shared/ui/AgentName.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { Signal, SIGNAL_TEXT, SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";

/** A session that needs the person. */
export function SessionCard({ session }: { session: Session }) {
  const { hosts } = useHub();
  return (
    <Link
      href={`/sessions/${session.id}`}
      data-testid="inbox-card"
      className="flex flex-col gap-2 rounded-base border border-line bg-surface p-3 hover:bg-hover"
    >
      <span className="flex items-center gap-2.5">
        <Signal status={session.status} hollow={isHostAway(hosts, session)} silent />
        <span className={classes("font-medium", SIGNAL_TEXT[session.status])}>
          {SIGNAL_WORDS[session.status]}
          {session.status_reason !== null && `: ${session.status_reason}`}
        </span>
        <Since at={session.status_since} long className="ml-auto shrink-0 text-muted" />
      </span>
      <span className="truncate text-lead">{session.title}</span>
      {session.preview !== null && (
        <span className="truncate rounded-small bg-term px-2 py-1 font-mono text-[12px] text-term-text">
          {session.preview}
        </span>
      )}
      <span className="flex min-w-0 items-center gap-3 text-muted">
        <AgentLabel session={session} />
        <span className="shrink-0">{session.host === null ? "" : (hosts.get(session.host)?.name ?? "")}</span>
        {session.cwd !== null && <Path path={session.cwd} className="text-[12px]" />}
      </span>
    </Link>
  );
}
