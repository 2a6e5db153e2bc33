import { useState } from "react";
import { Link } from "wouter";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { classes } from "../../shared/lib/classes.ts";
import { isHostAway, useHub } from "../../shared/live/useHub.ts";
import { AgentLabel } from "../../shared/ui/AgentName.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { Signal, SIGNAL_TEXT, SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { showToast } from "../../shared/ui/toasts.ts";

/** A session that needs the person. One in trouble can be put aside: it comes back with its next trouble. */
export function SessionCard({ session }: { session: Session }) {
  const { hosts } = useHub();
  const trouble = session.status === "trouble";
  const [busy, setBusy] = useState(false);
  async function putAside(): Promise<void> {
    setBusy(true);
    try {
      await api.seen(session.id);
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
      setBusy(false);
    }
  }
  return (
    <div className="relative">
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
        <span className={classes("flex min-w-0 items-center gap-3 text-muted", trouble && "min-h-7 pr-16")}>
          <AgentLabel session={session} />
          <span className="shrink-0">
            {session.host === null ? "" : (hosts.get(session.host)?.name ?? "")}
          </span>
          {session.cwd !== null && <Path path={session.cwd} className="text-[12px]" />}
        </span>
      </Link>
      {trouble && (
        <Button
          className="absolute right-2 bottom-2"
          disabled={busy}
          onClick={() => void putAside()}
          aria-label={`Seen: ${session.title}`}
          data-testid="seen"
        >
          Seen
        </Button>
      )}
    </div>
  );
}
