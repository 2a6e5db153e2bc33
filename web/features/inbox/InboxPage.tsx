import { CheckCheck } from "lucide-react";
import { Link } from "wouter";
import { useAttention, useHub, isHostAway } from "../../shared/live/useHub.ts";
import { classes } from "../../shared/lib/classes.ts";
import { AgentLabel } from "../../shared/ui/AgentName.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { PageHead } from "../../shared/ui/PageHead.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { Signal, SIGNAL_TEXT, SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";

/** What needs the person, across all hosts, the longest waiting first. */
export function InboxPage() {
  const sessions = useAttention();
  const { hosts, loaded } = useHub();
  return (
    <>
      <PageHead title="Needs you" note={sessions.length > 0 ? `${sessions.length} across all hosts` : ""} />
      <div className="min-h-0 grow overflow-y-auto border-t border-line">
        {loaded && sessions.length === 0 && (
          <Empty title="Nothing needs you" icon={<CheckCheck size={24} />}>
            <p>Sessions that wait for you, or that failed, appear here as soon as that happens.</p>
          </Empty>
        )}
        <ul className="mx-auto flex max-w-3xl flex-col gap-2 p-4">
          {sessions.map((session) => (
            <li key={session.id}>
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
                  <span className="shrink-0">
                    {session.host === null ? "" : (hosts.get(session.host)?.name ?? "")}
                  </span>
                  {session.cwd !== null && <Path path={session.cwd} className="text-[12px]" />}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
