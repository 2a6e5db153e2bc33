import {
  ChartNoAxesGantt,
  Columns2,
  FileDiff,
  Maximize2,
  ScrollText,
  Search,
  TerminalSquare,
  Info,
  MessagesSquare,
} from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useState, type ReactNode } from "react";
import { useLocation, useSearch } from "wouter";
import { isEnded, isInteractive, needsAttention, type Session } from "../../../protocol/session.ts";
import { useKeys } from "../../shared/keys/useKeys.ts";
import { classes } from "../../shared/lib/classes.ts";
import { look } from "../../shared/lib/looked.ts";
import { remembered, rememberedNumber } from "../../shared/lib/remembered.ts";
import { useMedia, usePhone } from "../../shared/lib/useMedia.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { holdSession, sessionStore } from "../../shared/live/sessionStores.ts";
import { Certain } from "../../shared/live/certain.ts";
import { isHostAway, useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog } from "../../shared/ui/Dialog.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { usePageTitle } from "../../shared/ui/pageTitle.ts";
import { ResizeEdge } from "../../shared/ui/ResizeEdge.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { TabPanel, Tabs } from "../../shared/ui/Tabs.tsx";
import { AgentStage, STAGE_VIEWS, stageView } from "./AgentStage.tsx";
import { ConversationPanel } from "./ConversationPanel.tsx";
import { DetailsPane } from "./DetailsPane.tsx";
import { EventsPanel } from "./EventsPanel.tsx";
import { SearchPanel, type SearchRequest } from "./SearchPanel.tsx";
import { SessionConnection } from "./SessionConnection.tsx";
import { SessionHeader } from "./SessionHeader.tsx";
import type { ConsoleState } from "./terminal/consoleState.ts";
import { useSessionActions } from "./useSessionActions.ts";

const loadTerminal = () => import("./terminal/TerminalView.tsx");
const TerminalView = lazy(loadTerminal);
const PaneApprovals = lazy(() => import("./PaneApprovals.tsx"));
const ChatPanel = lazy(() => import("../chat/ChatPanel.tsx"));
const TracesPanel = lazy(() => import("../traces/TracesPanel.tsx"));
const ChangesPanel = lazy(() => import("../changes/ChangesPanel.tsx"));
const TimelinePane = lazy(() => import("../traces/TimelinePane.tsx"));
const AgentSettings = lazy(() => import("./AgentSettings.tsx"));
const ChatSettings = lazy(() => import("../chat/ChatSettings.tsx"));

/** Fetches the terminal's chunk before it is needed. */
export function preloadTerminal(): Promise<unknown> {
  return loadTerminal();
}

/** Conversation and terminal have room beside each other. */
const ROOMY = "(width >= 1100px)";

/** A pane is fitted to a screen that somebody looks at now, or not at all. */
const FIT_WITHIN_MS = 10_000;

const rememberedOpen = (key: string, fallback: boolean) =>
  remembered(
    key,
    (text) => (text === null ? fallback : text !== "0"),
    (open) => (open ? "1" : "0"),
  );
const sideOpen = rememberedOpen("details", true);
/** Of an agent: its conversation and terminal need the room. */
const agentSideOpen = rememberedOpen("agentDetails", false);
/** What the side pane shows. */
const sideView = remembered(
  "side",
  (text): SideView => (text === "timeline" ? "timeline" : "details"),
  (view) => view,
);
const sideWidth = rememberedNumber("detailsWidth", 288, 220, 520);

/** One session: its terminal or conversation, its events, and what is known of it. */
export default function SessionPage({ id }: { id: string }) {
  useEffect(() => holdSession(id), [id]);
  const store = sessionStore(id);
  const state = useStore(store.state);
  const connection = useStore(store.connection);
  const { sessions, loaded } = useHub();
  const listed = sessions.get(id);
  usePageTitle((state.session ?? listed)?.title ?? null);
  // Whichever of the two connections knows more.
  const session =
    state.session !== null && (listed === undefined || state.session.version >= listed.version)
      ? state.session
      : listed;

  if (connection.phase === "refused" && (session === undefined || loaded)) {
    return (
      <Empty title="This session cannot be shown">
        <p>{connection.reason} It may have been deleted.</p>
      </Empty>
    );
  }
  if (session === undefined) return <SessionSkeleton />;
  return <LiveSession session={session} store={store} />;
}

function LiveSession({ session, store }: { session: Session; store: ReturnType<typeof sessionStore> }) {
  const state = useStore(store.state);
  const { hosts, sessions, loaded } = useHub();
  const host = session.host === null ? null : (hosts.get(session.host) ?? null);
  const away = isHostAway(hosts, session);
  const actions = useSessionActions(session);
  const phone = usePhone();
  const roomy = useMedia(ROOMY);
  const [, navigate] = useLocation();
  const search = useSearch();
  const wantedTab = new URLSearchParams(search).get("tab");
  const tmux = session.provider === "tmux";
  const chat = session.provider === "edge";
  // An agent in a pane has a conversation as soon as its own record of it is known.
  const talks = !tmux || session.thread !== null;
  // Of a chat nobody knows whether its directory is in a repository until its host is asked.
  const hasChanges =
    session.host !== null &&
    (chat ? session.cwd !== null : session.git !== null || session.worktree !== null);
  const pair = tmux && talks && roomy;
  const tabs = useMemo(
    () => [
      ...(pair ? [{ id: "both", label: "Side by side", icon: <Columns2 size={14} /> }] : []),
      ...(tmux ? [{ id: "terminal", label: "Terminal", icon: <TerminalSquare size={14} /> }] : []),
      ...(talks ? [{ id: "conversation", label: "Conversation", icon: <MessagesSquare size={14} /> }] : []),
      ...(hasChanges ? [{ id: "changes", label: "Changes", icon: <FileDiff size={14} /> }] : []),
      ...(talks ? [{ id: "traces", label: "Traces", icon: <ChartNoAxesGantt size={14} /> }] : []),
      { id: "events", label: "Events", icon: <ScrollText size={14} /> },
      ...(tmux ? [{ id: "search", label: "Search", icon: <Search size={14} /> }] : []),
      ...(phone ? [{ id: "details", label: "Details", icon: <Info size={14} /> }] : []),
    ],
    [tmux, talks, hasChanges, phone, pair],
  );
  const { finished_at: finished } = session;
  useEffect(() => {
    const note = (): void => {
      if (finished !== null && finished !== undefined && document.visibilityState === "visible")
        look(session.id, finished);
    };
    note();
    document.addEventListener("visibilitychange", note);
    return () => document.removeEventListener("visibilitychange", note);
  }, [session.id, finished]);
  const preferred = useStore(stageView);
  const first = pair ? preferred : tmux ? "terminal" : "conversation";
  const tab = tabs.some((each) => each.id === wantedTab) ? (wantedTab ?? first) : first;
  // What the stage shows while another tab is in view does not matter, as long as its terminal stays.
  const staged = STAGE_VIEWS.find((view) => view === tab);
  const setTab = (next: string): void => {
    const chosen = pair ? STAGE_VIEWS.find((view) => view === next) : undefined;
    if (chosen !== undefined) stageView.set(chosen);
    const query = new URLSearchParams(search);
    if (next === (chosen ?? first)) query.delete("tab");
    else query.set("tab", next);
    const text = query.toString();
    navigate(`/sessions/${session.id}${text === "" ? "" : `?${text}`}`, { replace: true });
  };

  const [finding, setFinding] = useState(false);
  const [hostSearch, setHostSearch] = useState<SearchRequest>({ text: "", regex: false });
  const [consoleState, setConsoleState] = useState<ConsoleState>({ phase: "connecting" });
  const [sizes, setSizes] = useState<Sizes>({ pane: null, fitting: null });
  const side = pair ? agentSideOpen : sideOpen;
  const showSide = useStore(side) && !phone;
  const view = useStore(sideView);
  const [timelineSheet, setTimelineSheet] = useState(false);
  const turn = turnIn(search);
  /** Shows the conversation at a turn; the address says which. */
  function goToTurn(next: number): void {
    const params = new URLSearchParams(search);
    if (tmux && tab !== "both") params.set("tab", "conversation");
    else params.delete("tab");
    params.set("turn", String(next));
    setTimelineSheet(false);
    navigate(`/sessions/${session.id}?${params.toString()}`, { replace: true, state: { at: Date.now() } });
  }
  function showTimeline(): void {
    if (phone) return setTimelineSheet(true);
    side.set(!(showSide && view === "timeline"));
    sideView.set("timeline");
  }
  const timeline = !talks ? null : (
    <Suspense fallback={null}>
      <TimelinePane
        session={session.id}
        waits={session.status === "waiting"}
        current={turn}
        onTurn={goToTurn}
      />
    </Suspense>
  );
  const settings = chat ? (
    <Suspense fallback={null}>
      <ChatSettings session={session} state={state} />
    </Suspense>
  ) : isInteractive(session) ? (
    <Suspense fallback={null}>
      <AgentSettings session={session} actions={actions} />
    </Suspense>
  ) : null;

  function neighbour(step: 1 | -1): void {
    const open = [...sessions.values()]
      .filter((each) => !isEnded(each) || needsAttention(each) || each.id === session.id)
      .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
    const next = open[open.findIndex((each) => each.id === session.id) + step];
    if (next !== undefined) navigate(`/sessions/${next.id}`);
  }
  useKeys([
    { keys: ["j"], label: "Next session", group: "Session", run: () => neighbour(1) },
    { keys: ["k"], label: "Previous session", group: "Session", run: () => neighbour(-1) },
    { keys: ["t"], label: tmux ? "Terminal" : "Conversation", group: "Session", run: () => setTab(first) },
    {
      keys: ["b"],
      label: "Conversation and terminal side by side, or the terminal alone",
      group: "Session",
      run: () => pair && setTab(tab === "both" ? "terminal" : "both"),
    },
    { keys: ["e"], label: "Events", group: "Session", run: () => setTab("events") },
    { keys: ["c"], label: "Changes", group: "Session", run: () => hasChanges && setTab("changes") },
    { keys: ["s"], label: "Search", group: "Session", run: () => tmux && setTab("search") },
    { keys: ["x"], label: "Traces", group: "Session", run: () => talks && setTab("traces") },
    { keys: ["l"], label: "Timeline of turns", group: "Session", run: () => talks && showTimeline() },
    {
      keys: ["d"],
      label: "Show or hide the details",
      group: "Session",
      run: () => (phone ? setTab("details") : side.set(!side.get())),
    },
    { keys: ["Escape"], label: "All sessions", group: "Session", run: () => navigate("/") },
  ]);

  // The hub's word on the session counts as much as its own; a local copy's does not.
  const known = state.loaded || (loaded && sessions.has(session.id));

  return (
    <Certain value={state.loaded}>
      <div className="flex min-h-0 grow" data-testid="session" data-session={session.id}>
        <div className="flex min-w-0 grow flex-col">
          <SessionHeader
            session={session}
            host={host}
            away={away}
            known={known}
            actions={actions}
            side={phone ? null : { open: showSide, toggle: () => side.set(!side.get()) }}
            onTimeline={talks ? showTimeline : undefined}
          />
          <SessionConnection store={store} />
          {!chat && (session.pending_approvals ?? 0) > 0 && (
            <Suspense fallback={null}>
              <PaneApprovals session={session} />
            </Suspense>
          )}
          <Tabs
            tabs={tabs}
            current={tab}
            onChange={setTab}
            aside={
              (tab === "terminal" || tab === "both") && (
                <TerminalTools
                  state={consoleState}
                  sizes={sizes}
                  onFind={() => setFinding(!finding)}
                  onFit={(size) =>
                    void actions.run(
                      { type: "resize", ...size, expires_in_ms: FIT_WITHIN_MS },
                      `The pane has ${size.cols} × ${size.rows} now.`,
                    )
                  }
                />
              )
            }
          >
            {tmux && (
              <TabPanel id={staged ?? "terminal"} keep>
                <AgentStage
                  view={staged ?? "terminal"}
                  conversation={
                    talks ? (
                      <ConversationPanel
                        session={session}
                        state={state}
                        loadOlder={store.loadOlder}
                        actions={actions}
                        away={away}
                        turn={turn}
                      />
                    ) : null
                  }
                  terminal={
                    <Suspense fallback={<div className="grow bg-term" />}>
                      <TerminalView
                        session={session.id}
                        title={session.title}
                        finding={finding}
                        onFinding={setFinding}
                        onSearchHost={(text, regex) => {
                          setHostSearch({ text, regex });
                          setFinding(false);
                          setTab("search");
                        }}
                        onShowEvents={() => setTab("events")}
                        lastLine={session.preview}
                        onState={setConsoleState}
                        onSizes={setSizes}
                      />
                    </Suspense>
                  }
                />
              </TabPanel>
            )}
            {chat && (
              <TabPanel id="conversation">
                <Suspense fallback={null}>
                  <ChatPanel session={session} state={state} loadOlder={store.loadOlder} turn={turn} />
                </Suspense>
              </TabPanel>
            )}
            {!tmux && !chat && (
              <TabPanel id="conversation">
                <ConversationPanel
                  session={session}
                  state={state}
                  loadOlder={store.loadOlder}
                  actions={actions}
                  away={away}
                  turn={turn}
                />
              </TabPanel>
            )}
            {hasChanges && (
              <TabPanel id="changes">
                <Suspense fallback={null}>
                  <ChangesPanel
                    session={session.id}
                    hint={JSON.stringify([session.git, session.cwd, away])}
                  />
                </Suspense>
              </TabPanel>
            )}
            {talks && (
              <TabPanel id="traces">
                <Suspense fallback={null}>
                  <TracesPanel session={session.id} away={away} />
                </Suspense>
              </TabPanel>
            )}
            <TabPanel id="events">
              <EventsPanel session={session} state={state} loadOlder={store.loadOlder} />
            </TabPanel>
            {tmux && (
              <TabPanel id="search">
                <SearchPanel session={session} actions={actions} start={hostSearch} />
              </TabPanel>
            )}
            <TabPanel id="details">
              <div className="min-h-0 grow overflow-y-auto">
                {settings}
                <DetailsPane session={session} host={host} known={known} />
              </div>
            </TabPanel>
          </Tabs>
        </div>
        {showSide && (
          <SidePane views={talks}>
            {timeline !== null && view === "timeline" ? (
              timeline
            ) : (
              <div className="min-h-0 grow overflow-y-auto">
                {settings}
                <DetailsPane session={session} host={host} known={known} />
              </div>
            )}
          </SidePane>
        )}
        {timelineSheet && (
          <Dialog open onClose={() => setTimelineSheet(false)} title="Timeline" testId="timeline-sheet">
            <div className="flex h-[70dvh] min-h-0 flex-col">{timeline}</div>
          </Dialog>
        )}
      </div>
    </Certain>
  );
}

type SideView = "details" | "timeline";

/** The turn that an address leads to. */
function turnIn(search: string): number | null {
  const text = new URLSearchParams(search).get("turn");
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

function SidePane({ views, children }: { views: boolean; children: ReactNode }) {
  const px = useStore(sideWidth);
  const view = useStore(sideView);
  return (
    <aside
      aria-label="Details"
      style={{ width: px }}
      className="relative flex shrink-0 flex-col border-l border-line bg-surface"
    >
      <ResizeEdge side="left" width={sideWidth} label="Width of the details" min={220} max={520} />
      {views && (
        <div className="flex h-9 shrink-0 items-center gap-1 border-b border-line px-3">
          {(["details", "timeline"] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === view}
              data-testid={`side-${each}`}
              onClick={() => sideView.set(each)}
              className={classes(
                "thumb h-6 rounded-small px-2 capitalize",
                each === view ? "bg-raised text-text" : "text-muted hover:text-text",
              )}
            >
              {each}
            </button>
          ))}
        </div>
      )}
      {children}
    </aside>
  );
}

type Size = { cols: number; rows: number };
type Sizes = { pane: Size | null; fitting: Size | null };

const CONSOLE_WORDS: Record<ConsoleState["phase"], string> = {
  connecting: "Connecting",
  waiting: "Waiting",
  live: "Live",
  lost: "Not connected",
  ended: "Ended",
  refused: "Refused",
};

const CONSOLE_TONES: Record<ConsoleState["phase"], string> = {
  connecting: "text-muted",
  waiting: "text-waiting-text",
  live: "text-done-text",
  lost: "text-waiting-text",
  ended: "text-muted",
  refused: "text-trouble-text",
};

function TerminalTools(props: {
  state: ConsoleState;
  sizes: Sizes;
  onFind(): void;
  onFit(size: Size): void;
}) {
  const { pane, fitting } = props.sizes;
  const live = props.state.phase === "live";
  const differs =
    pane !== null && fitting !== null && (pane.cols !== fitting.cols || pane.rows !== fitting.rows);
  return (
    <>
      <span
        data-testid="console-state"
        className={classes("px-1 phone:hidden", CONSOLE_TONES[props.state.phase])}
      >
        {CONSOLE_WORDS[props.state.phase]}
      </span>
      {pane !== null && (
        <span className="px-1 text-muted phone:hidden" title="Size of the pane" data-testid="pane-size">
          {pane.cols}×{pane.rows}
        </span>
      )}
      {live && differs && fitting !== null && (
        <Button
          look="quiet"
          className="h-7 px-2"
          onClick={() => props.onFit(fitting)}
          title={`Give the pane the size of this screen (${fitting.cols}×${fitting.rows}), for everybody who sees it`}
          aria-label="Fit to this screen"
          data-testid="fit"
        >
          <Maximize2 size={14} /> <span className="@max-4xl:hidden">Fit to this screen</span>
        </Button>
      )}
      <Button
        look="quiet"
        square
        className="size-7"
        aria-label="Find in the terminal"
        title="Find (Ctrl-F)"
        onClick={props.onFind}
      >
        <Search size={14} />
      </Button>
    </>
  );
}

function SessionSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading the session" className="flex grow flex-col gap-3 p-4">
      <Skeleton className="h-6 w-72" />
      <Skeleton className="h-4 w-96 max-w-full" />
      <Skeleton className="mt-4 grow" />
    </div>
  );
}
