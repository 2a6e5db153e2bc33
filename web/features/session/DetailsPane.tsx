import { Copy } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import type { Host } from "../../../protocol/host.ts";
import type { Session } from "../../../protocol/session.ts";
import { copyText } from "../../shared/lib/copyText.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { NOT_KNOWN_YET } from "../../shared/live/certain.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";
import { presenceWord } from "../../shared/ui/Presence.tsx";
import { SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { attachCommand } from "./attachCommand.ts";
import { exitWords } from "./describeEvent.ts";

type Fact = { name: string; value: ReactNode; copy?: string };

/** Everything known of a session, copyable. */
export function DetailsPane({
  session,
  host,
  known,
}: {
  session: Session;
  host: Host | null;
  /** Its state is what the edge says, and not what this browser remembers. */
  known: boolean;
}) {
  const hook = host?.info?.claude_hook;
  return (
    <div className="flex flex-col gap-5 p-4" data-testid="details">
      <Facts
        title="State"
        facts={[
          { name: "Is", value: known ? SIGNAL_WORDS[session.status] : NOT_KNOWN_YET },
          ...(!known || session.status_reason === null || session.exit !== null
            ? []
            : [{ name: "Why", value: session.status_reason }]),
          ...(known ? [{ name: "Since", value: <Since at={session.status_since} long /> }] : []),
          ...(session.exit === null ? [] : [{ name: "Ended", value: exitWords(session.exit) }]),
          { name: "Started", value: fullTime(session.created_at) },
        ]}
      />
      <Facts
        title="Where"
        facts={[
          ...(host === null
            ? []
            : [{ name: "Host", value: `${host.name}, ${presenceWord(host.presence).toLowerCase()}` }]),
          ...(session.cwd === null ? [] : [path("Directory", session.cwd)]),
          { name: "Runs", value: agentLabel(session) },
          ...(session.command === null
            ? []
            : [{ name: "Program", value: <span className="font-mono">{session.command}</span> }]),
        ]}
      />
      {session.provider === "tmux" &&
        session.agent === "claude" &&
        hook !== undefined &&
        hook.state !== "installed" && (
          <Facts
            title="Permission requests"
            facts={[
              {
                name: "Asked",
                value:
                  hook.state === "missing"
                    ? "at its terminal only. Run this on the host, and start Claude anew, to have them here too:"
                    : "through the hook of another Signalbox or version. Run this on the host to renew it:",
              },
              mono("Line", hook.install),
            ]}
          />
        )}
      {session.git !== null && (
        <Facts
          title="Git"
          facts={[
            ...(session.git.branch === null ? [] : [mono("Branch", session.git.branch)]),
            {
              name: "Changed",
              value:
                session.git.dirty === null
                  ? "not known"
                  : session.git.dirty === 0
                    ? "nothing"
                    : `${session.git.dirty} files`,
            },
            path("Repository", session.git.root),
          ]}
        />
      )}
      {session.worktree !== null && (
        <Facts
          title="Worktree"
          facts={[
            path("Path", session.worktree.path),
            mono("Branch", session.worktree.branch),
            mono("From", session.worktree.base),
          ]}
        />
      )}
      {session.pane !== null && (
        <Facts
          title="tmux"
          facts={[
            {
              name: "Pane",
              value: `${session.pane.pane} in ${session.pane.tmux_session}:${session.pane.window}`,
            },
            { name: "Socket", value: <span className="font-mono break-all">{session.pane.socket}</span> },
            { name: "Size", value: `${session.pane.cols} × ${session.pane.rows}` },
            ...(session.ended_at === null ? [mono("There", attachCommand(session.pane))] : []),
          ]}
        />
      )}
      <Facts
        title="Ids"
        facts={[
          mono("Session", session.id),
          ...(session.thread === null ? [] : [mono("Thread", session.thread)]),
        ]}
      />
    </div>
  );
}

function path(name: string, value: string): Fact {
  return { name, value: <span className="font-mono text-[12px] break-all">{value}</span>, copy: value };
}

const mono = path;

function Facts({ title, facts }: { title: string; facts: Fact[] }) {
  return (
    <section>
      <h3 className="mb-1 text-small font-medium text-muted">{title}</h3>
      <dl className="grid grid-cols-[76px_minmax(0,1fr)] gap-y-1">
        {facts.map(({ name, value, copy }) => (
          <Fragment key={name}>
            <dt className="text-muted">{name}</dt>
            <dd className="group flex min-w-0 items-start gap-1 break-words">
              <span className="min-w-0">{value}</span>
              {copy !== undefined && (
                <button
                  type="button"
                  aria-label={`Copy ${name.toLowerCase()}`}
                  onClick={() => void copyText(copy, `the ${name.toLowerCase()}`)}
                  className="thumb shrink-0 rounded-small p-0.5 text-muted opacity-0 group-hover:opacity-100 hover:text-text focus-visible:opacity-100 touch:opacity-100"
                >
                  <Copy size={12} />
                </button>
              )}
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
