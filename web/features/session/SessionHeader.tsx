import {
  ArrowLeft,
  ClipboardCopy,
  FolderMinus,
  ListTree,
  MoreHorizontal,
  OctagonX,
  PanelRight,
  Square,
  TerminalSquare,
  Trash2,
  Zap,
} from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import type { Host } from "../../../protocol/host.ts";
import { isInteractive, type Session } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { NOT_KNOWN_YET } from "../../shared/live/certain.ts";
import { AgentLabel } from "../../shared/ui/AgentName.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { GitLabel } from "../../shared/ui/GitLabel.tsx";
import { Menu, MenuItem, MenuLine } from "../../shared/ui/Menu.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { Signal, SIGNAL_TEXT, SIGNAL_WORDS } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { DeleteDialog } from "./DeleteDialog.tsx";
import { KillDialog } from "./KillDialog.tsx";
import { RemoveWorktreeDialog } from "./RemoveWorktreeDialog.tsx";
import { RenameTitle } from "./RenameTitle.tsx";
import { terminalAgentOf } from "./terminalAgentOf.ts";
import type { SessionActions } from "./useSessionActions.ts";

const OpenTerminalDialog = lazy(() => import("./OpenTerminalDialog.tsx"));

type HeaderProps = {
  session: Session;
  host: Host | null;
  away: boolean;
  /** Its state is what the edge says, and not what this browser remembers. */
  known: boolean;
  actions: SessionActions;
  side: { open: boolean; toggle(): void } | null;
  /** Shows the turns; not of a terminal, which has none. */
  onTimeline: (() => void) | undefined;
};

/** What a session is, and what can be done with it. */
export function SessionHeader({ session, host, away, known, actions, side, onTimeline }: HeaderProps) {
  const [asking, setAsking] = useState<"kill" | "worktree" | "delete" | "terminal" | null>(null);
  const close = (): void => setAsking(null);
  const running = !actions.ended;
  const tmux = session.provider === "tmux";
  const chat = session.provider === "edge";
  const spoken = isInteractive(session);
  const opens = spoken && session.thread !== null && terminalAgentOf(session) !== null;
  const job = session.provider === "codex" && !spoken;
  const jobRuns = job && running && session.status !== "idle";

  return (
    <header className="flex shrink-0 flex-col gap-0.5 border-b border-line px-4 pt-2 pb-2 phone:border-b-0 phone:px-2 phone:pb-1">
      <div className="flex min-h-8 items-center gap-2.5">
        <Link
          href="/"
          aria-label="All sessions"
          className="thumb flex size-8 shrink-0 items-center justify-center rounded-base text-muted desk:hidden"
        >
          <ArrowLeft size={18} />
        </Link>
        <Signal status={session.status} hollow={away || !known} size={14} silent={!known} />
        <div className="min-w-0 grow">
          <RenameTitle title={session.title} onRename={actions.rename} />
        </div>
        <span
          data-testid="session-status"
          data-status={known ? session.status : "unknown"}
          title={(known && session.status_reason) || undefined}
          className={classes(
            "max-w-[40%] shrink-0 truncate phone:hidden",
            known ? SIGNAL_TEXT[session.status] : "text-muted",
          )}
        >
          {known ? SIGNAL_WORDS[session.status] : NOT_KNOWN_YET}
          {known && session.status_reason !== null && `: ${session.status_reason}`}
          {known && away && <span className="text-muted"> (last known)</span>}
        </span>
        {known && <Since at={session.status_since} className="shrink-0 text-muted phone:hidden" />}
        {tmux && running && !away && (
          <Button
            onClick={actions.interrupt}
            title="Interrupt what runs (as Ctrl-C)"
            data-testid="interrupt"
            className="phone:hidden"
          >
            <Zap size={14} /> Interrupt
          </Button>
        )}
        <Menu
          trigger={
            <Button square look="quiet" aria-label="What can be done" data-testid="session-menu">
              <MoreHorizontal size={16} />
            </Button>
          }
        >
          {tmux && (
            <>
              <MenuItem
                icon={<Zap size={14} />}
                disabled={!running || away}
                onSelect={actions.interrupt}
                hint="Ctrl-C"
              >
                Interrupt
              </MenuItem>
              <MenuItem
                icon={<ClipboardCopy size={14} />}
                disabled={!running || away}
                onSelect={actions.copyScreen}
              >
                Copy the text of the terminal
              </MenuItem>
            </>
          )}
          {onTimeline !== undefined && (
            <MenuItem icon={<ListTree size={14} />} onSelect={onTimeline} hint="l">
              Timeline
            </MenuItem>
          )}
          {job && (
            <MenuItem icon={<Square size={14} />} disabled={!jobRuns} onSelect={actions.stopJob}>
              Stop the job
            </MenuItem>
          )}
          {opens && (
            <MenuItem
              icon={<TerminalSquare size={14} />}
              disabled={away}
              onSelect={() => setAsking("terminal")}
            >
              Open in a terminal
            </MenuItem>
          )}
          {!chat && <MenuLine />}
          {running && !chat && (
            <MenuItem icon={<OctagonX size={14} />} danger onSelect={() => setAsking("kill")}>
              {tmux ? "End the terminal" : spoken ? "End the agent" : "End the job"}
            </MenuItem>
          )}
          {session.worktree !== null && (
            <MenuItem icon={<FolderMinus size={14} />} danger onSelect={() => setAsking("worktree")}>
              Remove the worktree
            </MenuItem>
          )}
          <MenuItem
            icon={<Trash2 size={14} />}
            danger
            disabled={running && !chat}
            onSelect={() => setAsking("delete")}
            {...(running && !chat ? { hint: "end it first" } : {})}
          >
            Delete
          </MenuItem>
        </Menu>
        {side !== null && (
          <Button
            square
            look="quiet"
            aria-label={side.open ? "Hide the details" : "Show the details"}
            aria-pressed={side.open}
            onClick={side.toggle}
          >
            <PanelRight size={16} />
          </Button>
        )}
      </div>
      <div
        className="flex min-w-0 items-center gap-4 overflow-hidden pl-6 text-muted phone:gap-3 phone:pl-2.5"
        data-testid="facts"
      >
        <span className={classes("shrink-0 desk:hidden", known && SIGNAL_TEXT[session.status])}>
          {known ? SIGNAL_WORDS[session.status] : NOT_KNOWN_YET}
        </span>
        <span className="max-w-40 shrink-0 truncate">
          <AgentLabel session={session} />
        </span>
        {host !== null && <span className="max-w-40 shrink-0 truncate">{host.name}</span>}
        {session.cwd !== null && (
          <span className="flex min-w-0 phone:hidden">
            <Path path={session.cwd} className="text-[12px]" />
          </span>
        )}
        {session.git !== null && (
          <span className="flex min-w-16 shrink">
            <GitLabel git={session.git} />
          </span>
        )}
        {session.worktree !== null && <span className="shrink-0 phone:hidden">worktree</span>}
      </div>
      <KillDialog open={asking === "kill"} onClose={close} session={session} actions={actions} />
      <RemoveWorktreeDialog
        open={asking === "worktree"}
        onClose={close}
        session={session}
        actions={actions}
      />
      {opens && (
        <Suspense fallback={null}>
          <OpenTerminalDialog
            open={asking === "terminal"}
            onClose={close}
            session={session}
            actions={actions}
          />
        </Suspense>
      )}
      <DeleteDialog open={asking === "delete"} onClose={close} session={session} />
    </header>
  );
}
