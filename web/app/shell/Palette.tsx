import {
  HelpCircle,
  History,
  Inbox,
  ListChecks,
  LogOut,
  Moon,
  Plus,
  Rows3,
  Server,
  Settings,
  ShieldCheck,
  Sun,
} from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useId, useMemo, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { isEnded, needsAttention, type Session } from "../../../protocol/session.ts";
import { signOut } from "../../shared/api/signOut.ts";
import { classes } from "../../shared/lib/classes.ts";
import { hub } from "../../shared/live/stores.ts";
import { foldJobs } from "../../shared/live/foldJobs.ts";
import { isHostAway, useHosts, useHub } from "../../shared/live/useHub.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Presence } from "../../shared/ui/Presence.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { shownTheme, theme } from "../../shared/ui/theme.ts";
import { rankMatches, type Target } from "./rankMatches.ts";

/** Rows that are drawn; more are found by typing. */
const MOST = 60;

type Row = Target & { icon: ReactNode; go(): void };

/** Finds a session, a host, or something to do, by a few letters. */
export function Palette({ onClose }: { onClose(): void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const { sessions, hosts } = useHub();
  const hostList = useHosts();
  const [, navigate] = useLocation();
  const listId = useId();
  // Who looks for a name may mean one that ended long ago.
  useEffect(() => {
    if (typed !== "") hub().showAll();
  }, [typed]);

  const rows = useMemo<Row[]>(() => {
    const to = (path: string) => () => navigate(path);
    const order = (session: Session): number => (needsAttention(session) ? 0 : isEnded(session) ? 2 : 1);
    const { alone, folds } = foldJobs([...sessions.values()].map((session) => ({ session })));
    return [
      ...alone
        .map(({ session }) => session)
        .sort((a, b) => order(a) - order(b) || b.updated_at - a.updated_at)
        .map((session) => ({
          id: session.id,
          title: session.title,
          hint: [
            agentLabel(session),
            session.host === null ? null : hosts.get(session.host)?.name,
            session.git?.branch,
          ]
            .filter(Boolean)
            .join(" · "),
          words: `${session.cwd ?? ""} ${session.status}`,
          icon: <Signal status={session.status} hollow={isHostAway(hosts, session)} />,
          go: to(`/sessions/${session.id}`),
        })),
      ...folds.map((fold) => ({
        id: fold.key,
        title: fold.title,
        hint: fold.words,
        // What one of its agents is called leads there, too.
        words: fold.sessions.map(({ title }) => title).join(" "),
        icon: <Signal status={fold.status} />,
        go: to(fold.href),
      })),
      {
        id: "new",
        title: "New session",
        hint: "",
        words: "start spawn shell agent codex",
        icon: <Plus size={14} />,
        go: () => openDialog.set({ name: "new" }),
      },
      {
        id: "sessions",
        title: "Sessions",
        hint: "",
        words: "all list",
        icon: <Rows3 size={14} />,
        go: to("/"),
      },
      {
        id: "inbox",
        title: "What needs you",
        hint: "",
        words: "inbox waiting trouble",
        icon: <Inbox size={14} />,
        go: to("/inbox"),
      },
      {
        id: "decided",
        title: "Decided approvals",
        hint: "",
        words: "history allowed denied expired",
        icon: <History size={14} />,
        go: to("/inbox?show=decided"),
      },
      {
        id: "rules",
        title: "Rules",
        hint: "",
        words: "approvals permission always grants standing",
        icon: <ShieldCheck size={14} />,
        go: to("/rules"),
      },
      {
        id: "tasks",
        title: "Tasks",
        hint: "",
        words: "work background subagents queue dead letters",
        icon: <ListChecks size={14} />,
        go: to("/work/tasks"),
      },
      {
        id: "hosts",
        title: "Hosts",
        hint: "",
        words: "machines",
        icon: <Server size={14} />,
        go: to("/hosts"),
      },
      {
        id: "enrol",
        title: "Add a host",
        hint: "",
        words: "enrol connect machine",
        icon: <Server size={14} />,
        go: () => openDialog.set({ name: "enrol" }),
      },
      ...hostList.map((host) => ({
        id: host.id,
        title: host.name,
        hint: "sessions of this host",
        words: host.info?.hostname ?? "",
        icon: <Presence presence={host.presence} />,
        go: to(`/?host=${host.id}`),
      })),
      {
        id: "settings",
        title: "Settings",
        hint: "",
        words: "models providers keys appearance version",
        icon: <Settings size={14} />,
        go: to("/settings"),
      },
      {
        id: "theme",
        title: shownTheme.get() === "dark" ? "Light theme" : "Dark theme",
        hint: "",
        words: "appearance colours",
        icon: shownTheme.get() === "dark" ? <Sun size={14} /> : <Moon size={14} />,
        go: () => theme.set(shownTheme.get() === "dark" ? "light" : "dark"),
      },
      {
        id: "keys",
        title: "Keys",
        hint: "",
        words: "shortcuts help",
        icon: <HelpCircle size={14} />,
        go: () => openDialog.set({ name: "keys" }),
      },
      {
        id: "out",
        title: "Sign out of this browser",
        hint: "",
        words: "log out",
        icon: <LogOut size={14} />,
        go: () => void signOut(),
      },
    ];
  }, [sessions, hosts, hostList, navigate]);
  const shown = useMemo(() => rankMatches(rows, typed).slice(0, MOST), [rows, typed]);
  const current = Math.min(at, shown.length - 1);

  const currentId = shown[current]?.id;
  useEffect(() => {
    if (currentId !== undefined)
      document.getElementById(`${listId}-${currentId}`)?.scrollIntoView({ block: "nearest" });
  }, [listId, currentId]);

  function go(row: Row | undefined): void {
    if (row === undefined) return;
    onClose();
    row.go();
  }

  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-black/50" />
        <Radix.Content
          aria-describedby={undefined}
          data-testid="palette"
          className="fixed top-[10vh] left-1/2 z-40 flex max-h-[64vh] w-[min(600px,calc(100vw-24px))] -translate-x-1/2 animate-appear flex-col overflow-hidden rounded-base border border-line bg-surface outline-none"
        >
          <Radix.Title className="sr-only">Find anything</Radix.Title>
          <input
            role="combobox"
            aria-label="Find anything"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={currentId === undefined ? undefined : `${listId}-${currentId}`}
            placeholder="Session, host, or what to do"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
              if (step !== 0) {
                event.preventDefault();
                setAt((current + step + shown.length) % Math.max(1, shown.length));
              } else if (event.key === "Enter") {
                event.preventDefault();
                go(shown[current]);
              }
            }}
            className="h-12 shrink-0 border-b border-line bg-transparent px-4 text-lead outline-none"
          />
          <div id={listId} role="listbox" aria-label="Found" className="min-h-0 overflow-y-auto p-1">
            {shown.length === 0 && (
              <p className="px-3 py-6 text-center text-muted">Nothing is called that.</p>
            )}
            {shown.map((row, index) => (
              <div
                key={row.id}
                id={`${listId}-${row.id}`}
                role="option"
                aria-selected={index === current}
                onPointerMove={() => setAt(index)}
                onClick={() => go(row)}
                className={classes(
                  "flex h-9 cursor-pointer items-center gap-3 rounded-small px-3 touch:h-11",
                  index === current && "bg-selected",
                )}
              >
                <span className="flex w-4 shrink-0 justify-center text-muted">{row.icon}</span>
                <span className="truncate">{row.title}</span>
                <span className="ml-auto max-w-[50%] shrink-0 truncate text-muted">{row.hint}</span>
              </div>
            ))}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
