import { AlertTriangle, KeyRound, MoreHorizontal, Plus, RefreshCw, Trash2 } from "lucide-react";
import { useMemo, useState, type ReactNode } from "react";
import { Link } from "wouter";
import type { Host } from "../../../protocol/host.ts";
import { isEnded } from "../../../protocol/session.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Menu, MenuItem, MenuLine } from "../../shared/ui/Menu.tsx";
import { Presence, presenceWord } from "../../shared/ui/Presence.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { NewCodeDialog } from "./NewCodeDialog.tsx";
import { RevokeDialog } from "./RevokeDialog.tsx";
import { UnadoptedPanes } from "./UnadoptedPanes.tsx";

/** One machine: whether it is there, what it has, what keeps it from its work. */
export function HostCard({ host }: { host: Host }) {
  const [asking, setAsking] = useState<"code" | "rotate" | "revoke" | null>(null);
  const { sessions } = useHub();
  const open = useMemo(
    () => [...sessions.values()].filter((session) => session.host === host.id && !isEnded(session)).length,
    [sessions, host.id],
  );
  const { info } = host;
  const close = (): void => setAsking(null);

  return (
    <article
      aria-label={host.name}
      data-testid="host"
      data-host={host.id}
      data-presence={host.presence}
      className="rounded-base border border-line bg-surface"
    >
      <header className="flex items-center gap-3 px-4 pt-3 pb-2">
        <Presence presence={host.presence} size={12} />
        <h2 className="min-w-0 truncate text-lead font-medium">{host.name}</h2>
        <span className="min-w-0 truncate text-muted">
          {presenceWord(host.presence)}
          {host.presence === "online" && (
            <>
              {" "}
              since <Since at={host.presence_since} clock />
            </>
          )}
          {host.presence === "offline" && host.last_seen !== null && (
            <>
              , last seen <Since at={host.last_seen} long />
            </>
          )}
        </span>
        <span className="ml-auto flex shrink-0 items-center gap-1">
          <Button
            onClick={() => openDialog.set({ name: "new", host: host.id })}
            disabled={host.presence === "never"}
          >
            <Plus size={14} /> <span className="phone:hidden">New session</span>
          </Button>
          <Menu
            trigger={
              <Button
                square
                look="quiet"
                aria-label={`What can be done with ${host.name}`}
                data-testid="host-menu"
              >
                <MoreHorizontal size={16} />
              </Button>
            }
          >
            <MenuItem icon={<KeyRound size={14} />} onSelect={() => setAsking("code")}>
              Connect it again
            </MenuItem>
            <MenuItem icon={<RefreshCw size={14} />} onSelect={() => setAsking("rotate")}>
              Change its token
            </MenuItem>
            <MenuLine />
            <MenuItem icon={<Trash2 size={14} />} danger onSelect={() => setAsking("revoke")}>
              Remove the host
            </MenuItem>
          </Menu>
        </span>
      </header>

      {info !== null && info.problems.length > 0 && (
        <ul
          className="mx-4 mb-3 flex flex-col gap-1 rounded-base bg-waiting-ground px-3 py-2 text-waiting-text"
          data-testid="problems"
        >
          {info.problems.map((problem) => (
            <li key={problem} className="flex items-start gap-2">
              <AlertTriangle size={14} aria-hidden className="mt-[3px] shrink-0" />
              <span className="min-w-0 break-words">{problem}</span>
            </li>
          ))}
        </ul>
      )}
      {info === null ? (
        <div className="flex flex-col items-start gap-2 px-4 pb-4 text-muted">
          <p>It has never dialled in. Its one-time code may have run out; a new one takes a moment.</p>
          <Button onClick={() => setAsking("code")}>
            <KeyRound size={14} /> New code
          </Button>
        </div>
      ) : (
        <dl className="grid grid-cols-[repeat(auto-fill,minmax(140px,1fr))] desk:grid-cols-3 gap-x-6 gap-y-2 px-4 pb-4">
          <Fact name="Sessions">
            <Link
              href={`/?host=${host.id}`}
              className="underline decoration-edge underline-offset-2 hover:decoration-text"
            >
              {open} open
            </Link>
          </Fact>
          <Fact name="Agents">
            {[
              ...Object.entries(info.agents).map(([name, version]) =>
                version === "unknown" ? name : `${name} ${version}`,
              ),
              ...(info.acp ?? []).map((name) => `${name} (ACP)`),
            ].join(", ") || "none found"}
          </Fact>
          <Fact name="tmux">{info.tmux_version ?? <span className="text-waiting-text">missing</span>}</Fact>
          <Fact name="Worktrees">
            <Link
              href={`/hosts/${host.id}/worktrees`}
              data-testid="to-worktrees"
              className="underline decoration-edge underline-offset-2 hover:decoration-text"
            >
              look at them
            </Link>
          </Fact>
          <Fact name="Machine">
            {info.hostname}, {info.os}, {info.arch}
          </Fact>
          <Fact name="Daemon">
            {info.agent_version} on Node {info.node_version}
          </Fact>
          <Fact name="Waiting commands">{host.waiting_commands === 0 ? "none" : host.waiting_commands}</Fact>
        </dl>
      )}
      {host.unadopted_panes > 0 && <UnadoptedPanes host={host} />}

      <NewCodeDialog
        open={asking === "code" || asking === "rotate"}
        rotate={asking === "rotate"}
        onClose={close}
        host={host}
      />
      <RevokeDialog open={asking === "revoke"} onClose={close} host={host} openSessions={open} />
    </article>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-small text-muted">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}
