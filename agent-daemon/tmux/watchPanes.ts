import { join } from "node:path";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { AgentName } from "../../protocol/session.ts";
import type { AgentConfig } from "../config.ts";
import type { Log, Outlet } from "../parts.ts";
import { agentFinder } from "./agentFinder.ts";
import { followClaudeRegistry } from "./claudeRegistry.ts";
import { gitStates } from "./gitStates.ts";
import { isDue } from "./isDue.ts";
import { observePane, visibleText, type LivePane } from "./livePane.ts";
import { startGlances } from "./glances.ts";
import { startLookLoop } from "./lookLoop.ts";
import { paneFacts, paneTitle, previewOf, unadoptedPane } from "./paneFacts.ts";
import { paneListeners } from "./paneListeners.ts";
import { announcement, endedChange, liveChange, type Change } from "./paneMessages.ts";
import { followActivity, paneStatus, QUIET, type Activity, type PaneStatus } from "./paneStatus.ts";
import { planPanes, type PanePlan, type SeenPane } from "./planPanes.ts";
import { startPreviews } from "./previews.ts";
import { processTable } from "./processes.ts";
import { readScreen, screenCommands } from "./screen.ts";
import type { Listing, TmuxServer } from "./server.ts";
import { startServers } from "./servers.ts";
import type { SessionRecord, SessionRecords } from "./sessionRecords.ts";
import type { SocketName } from "./sockets.ts";
import type { PaneNews, Screen } from "./tmuxPart.ts";

export type FreePane = SeenPane & { socketName: string };

export type PaneWatch = {
  /** Looks now; resolves when a look that began after the call is done. */
  refresh(): Promise<void>;
  live(session: string): LivePane | undefined;
  /** Every live session's pane. */
  all(): Iterable<LivePane>;
  /** What an agent says of itself, until it says something else; null: nothing. */
  tell(session: string, status: PaneStatus | null): void;
  /** Whether an agent has said so. */
  tells(session: string): boolean;
  /** A prompt on the screen waits for a person; null: none does any more. */
  prompted(session: string, reason: string | null): void;
  /** The argument vectors of what runs in its foreground, and below that. */
  foreground(session: string): Promise<string[][]>;
  /** The screen as it was captured last. */
  screen(session: string): string | null;
  /** Calls back after each look; gives back how to stop. */
  onLook(listener: () => void): () => void;
  /** Panes that no session has. */
  free(): readonly FreePane[];
  server(socket: SocketName): TmuxServer;
  /** Sessions whose pane is being made: looks leave them alone. */
  spawning: Set<string>;
  /** Makes a session of a pane; false when it could not be stored. */
  adopt(pane: SeenPane, session: string): Promise<boolean>;
  listen(session: string, listener: (news: PaneNews) => void): () => void;
  /** A pane was given a size; its console need not wait for the next look. */
  resized(session: string, cols: number, rows: number): void;
  problems(): string[];
  announce(): void;
  start(): void;
  stop(): Promise<void>;
};

export type PaneWatchDeps = {
  config: AgentConfig;
  env: NodeJS.ProcessEnv;
  records: SessionRecords;
  outlet: Outlet;
  log: Log;
  clock: () => number;
  /** Why tmux cannot be used; null when it can. */
  unusable: () => Promise<string | null>;
};

/** Facts of one session are told no more often than this. */
const FACTS_INTERVAL_MS = 2_000;
/** The list of unadopted panes, likewise. */
const UNADOPTED_INTERVAL_MS = 5_000;
/** Sessions whose messages are stored in one transaction. */
const BATCH = 100;
/** How long a dead pane may take to tell how its program ended; tmux sees the end of output first. */
const STATUS_WAIT_MS = 3_000;
/** tmux throws away what it has not written into a pipe yet when the pane goes, so who watches is given a moment. */
const CORPSE_MS = 1_500;
const KEEP_ENDED_MS = 7 * 24 * 60 * 60 * 1000;
const UNADOPTED_NOTE = "unadopted";

/** Follows the panes of every tmux server, makes sessions of them and tells the edge what changes. */
export function watchPanes(deps: PaneWatchDeps): PaneWatch {
  const { records, clock, log } = deps;
  const directory = join(deps.config.state_dir, "channels");
  const servers = startServers({ config: deps.config, env: deps.env, log, directory });
  const processes = processTable();
  const agents = agentFinder(processes, clock);
  const claude = followClaudeRegistry(deps.env, () => loop.kick());
  const observing = { servers, agents, claude, processes };
  const previews = startPreviews(clock);
  const git = gitStates({ clock });
  const listeners = paneListeners();
  const lookers = new Set<() => void>();
  const live = new Map<string, LivePane>();
  const activities = new Map<string, Activity>();
  const said = new Map<string, PaneStatus>();
  const prompts = new Map<string, PaneStatus>();
  const toldAt = new Map<string, number>();
  const spawning = new Set<string>();
  const deadSince = new Map<string, number>();
  let free: FreePane[] = [];
  let problems: string[] = [];
  let unadoptedToldAt = Number.NEGATIVE_INFINITY;
  /** Sockets that have been asked with success since the daemon started. */
  const asked = new Set<string>();
  let stopped = false;

  const look = async () => {
    const unusable = await deps.unusable();
    if (unusable !== null) {
      problems = [unusable];
      return;
    }
    const listings = await servers.list(records.all());
    if (stopped) return;
    problems = [...listings.values()].flatMap((listing) =>
      listing.status === "unreachable" ? [listing.message] : [],
    );
    claude.refresh();
    const plan = planPanes(listings, records, {
      spawning,
      awaitsStatus,
      first: (socket) => !asked.has(socket),
    });
    const taken = await takeFree(plan);
    await tellLive([...plan.live, ...taken]);
    await tellEnded(plan);
    await hurryStatus(plan);
    tellUnadopted();
    await markPanes();
    releaseServers(listings);
    for (const listener of lookers) listener();
    for (const [path, { status }] of listings) if (status !== "unreachable") asked.add(path);
    records.prune(clock() - KEEP_ENDED_MS);
  };
  const loop = startLookLoop({ look, intervalMs: deps.config.tmux.poll_ms, log });
  const glances = startGlances(servers, loop.kick);

  const awaitsStatus = (session: string): boolean => {
    const since = deadSince.get(session) ?? clock();
    deadSince.set(session, since);
    return !isDue(since, STATUS_WAIT_MS, clock());
  };

  /**
   * tmux (3.3a, one time in four) sees the end of a pane's output but collects its program only when another child of
   * its own ends. So it gets one that does nothing.
   */
  const hurryStatus = async ({ undecided }: PanePlan) => {
    for (const { record, ...pane } of undecided) {
      const { send } = await observePane(observing, pane, record);
      await send([["run-shell", "-b", "true"]]);
      loop.kick();
    }
  };

  /** Stores messages with the records they make true; false when that could not be, for whatever reason. */
  const put = (messages: DaemonMessage[], saved: readonly SessionRecord[], also?: () => void): boolean => {
    try {
      const stored = deps.outlet.put(messages, () => {
        for (const record of saved) records.save(record);
        also?.();
      });
      if (stored) for (const record of saved) records.commit(record);
      return stored;
    } catch (error) {
      log("error", "what tmux told could not be stored", { error: String(error) });
      return false;
    }
  };

  /** Chooses the free panes that become sessions; the others are remembered as free. */
  const takeFree = async (plan: PanePlan) => {
    const policy = deps.config.tmux.adopt;
    const taken: (SeenPane & { record: SessionRecord })[] = [];
    free = [];
    for (const { session, ...pane } of [
      ...plan.returning,
      ...plan.free.map((pane) => ({ ...pane, session: null })),
    ]) {
      const agent = policy === "none" && session === null ? null : await agents.find(pane.row);
      const isAgent = agent !== null && agent !== "shell" && agent !== "other";
      const wanted = session !== null || policy === "all" || (policy === "agents" && isAgent);
      if (wanted && agent !== null)
        taken.push({ ...pane, record: newRecord(pane, session ?? newId("ses"), agent) });
      else free.push({ ...pane, socketName: servers.nameOf(pane.socket) });
    }
    return taken;
  };

  const tellLive = async (seen: readonly (SeenPane & { record: SessionRecord })[]) => {
    const panes = await Promise.all(
      seen.map(({ record, ...pane }) =>
        observePane(observing, pane, { ...record, key: record.key ?? pane.key }),
      ),
    );
    await previews.refresh(
      panes.map((pane) => ({
        session: pane.record.session,
        row: pane.row,
        capture: () => visibleText(pane),
      })),
    );
    const changes = panes.flatMap((pane) => {
      const change = changeOf(pane);
      if (change !== null) return [{ ...change, pane }];
      live.set(pane.record.session, pane);
      return [];
    });
    for (let at = 0; at < changes.length; at += BATCH) {
      const batch = changes.slice(at, at + BATCH);
      const stored = put(
        batch.flatMap((change) => change.messages),
        batch.map((change) => change.record),
      );
      for (const { record, pane } of batch) {
        // What could not be stored is found again by the next look; a session that is not stored is none yet.
        if (!stored && records.get(record.session) === undefined) continue;
        if (stored && record.facts !== pane.record.facts) toldAt.set(record.session, clock());
        live.set(record.session, stored ? { ...pane, record } : pane);
      }
    }
    for (const { record, row } of panes)
      if (live.has(record.session)) listeners.seen(record.session, row.cols, row.rows);
  };

  const changeOf = (pane: LivePane): Change | null => {
    const { record, row } = pane;
    const { session } = record;
    const now = clock();
    git.touch(row.cwd, row.windowActivity * 1000);
    const changedAt = row.windowPanes === 1 ? row.windowActivity * 1000 : previews.changedAt(session);
    const activity = followActivity(
      activities.get(session) ?? { ...QUIET, at: asked.has(pane.server.path) ? 0 : now },
      changedAt,
      now,
    );
    activities.set(session, activity);
    const change = liveChange(record, {
      facts: paneFacts({
        socketName: pane.server.name,
        row,
        agent: pane.agent,
        git: git.state(row.cwd),
        worktree: record.worktree,
        preview: previews.get(session),
      }),
      status: paneStatus(pane.agent, pane.claude, activity, said.get(session) ?? prompts.get(session)),
      factsDue: isDue(toldAt.get(session) ?? Number.NEGATIVE_INFINITY, FACTS_INTERVAL_MS, now),
      now,
    });
    // The pane of a spawn is found by its mark once; where it is must be stored even if nothing else is new.
    return change ?? (records.get(session)?.key === null ? { messages: [], record } : null);
  };

  const tellEnded = async (plan: PanePlan) => {
    for (const { record, status, exit, corpse } of plan.ended) {
      const { session } = record;
      const pane = corpse === null ? null : await observePane(observing, corpse, record);
      // tmux scrolls the screen of a dead pane by the line it writes into it.
      const shown = pane === null ? null : await visibleText(pane, 1);
      const facts =
        pane === null
          ? null
          : paneFacts({
              socketName: pane.server.name,
              row: pane.row,
              agent: pane.agent,
              git: git.state(pane.row.cwd),
              worktree: record.worktree,
              preview: null,
            });
      const preview = shown === null ? null : previewOf(shown.replace(/^Pane is dead \(.*\)$/gm, ""));
      const change = endedChange(record, { status, exit, facts, preview, now: clock() });
      if (!put(change.messages, [change.record])) continue;
      live.delete(session);
      activities.delete(session);
      said.delete(session);
      prompts.delete(session);
      toldAt.delete(session);
      deadSince.delete(session);
      previews.forget(session);
      const last = pane !== null && listeners.heard(session) ? await lastScreen(pane) : null;
      listeners.ended(session, change.record.endReason ?? "It has ended.", last);
      // What tmux kept to tell the status is cleared away once that is stored; a person's own dead pane is left.
      if (corpse === null || !record.spawned) continue;
      if (listeners.heard(session)) setTimeout(loop.kick, CORPSE_MS + 1);
      else await clearAway(corpse, record);
    }
    for (const { record, ...corpse } of plan.corpses)
      if (isDue(record.endedAt ?? 0, CORPSE_MS, clock())) await clearAway(corpse, record);
  };

  const clearAway = async (corpse: SeenPane, record: SessionRecord) => {
    const { send } = await observePane(observing, corpse, record);
    const cleared = await send([["kill-pane", "-t", corpse.row.pane]]);
    if (!cleared.ok)
      log("warn", "a dead pane could not be removed", { pane: corpse.row.pane, error: cleared.error });
  };

  const lastScreen = async (pane: LivePane): Promise<Screen | null> => {
    const reply = await pane.send(screenCommands(pane.row.pane, { history: true }));
    return reply.ok ? readScreen(reply.outputs) : null;
  };

  const tellUnadopted = () => {
    const panes = free.slice(0, 2000).map(({ socketName, row }) => unadoptedPane(socketName, row));
    const text = JSON.stringify(panes);
    if (text === (records.note(UNADOPTED_NOTE) ?? "[]")) return;
    if (!isDue(unadoptedToldAt, UNADOPTED_INTERVAL_MS, clock())) return;
    if (put([{ kind: "unadopted", panes }], [], () => records.saveNote(UNADOPTED_NOTE, text)))
      unadoptedToldAt = clock();
  };

  /** Writes the id of each session into its pane, for the day this daemon's store is lost. */
  const markPanes = async () => {
    const unmarked = [...live.values()].filter(({ row, record }) => row.mark !== record.session);
    await Promise.all(
      unmarked.map(async (pane) => {
        const { session } = pane.record;
        const reply = await pane.send([["set-option", "-p", "-t", pane.row.pane, "@signalbox", session]]);
        if (reply.ok) pane.row.mark = session;
      }),
    );
  };

  const releaseServers = (listings: ReadonlyMap<string, Listing>) => {
    const used = new Set([...live.values()].map(({ server }) => server.path));
    for (const path of listings.keys()) {
      if (!used.has(path)) servers.on({ path, name: servers.nameOf(path) }).release();
    }
  };

  return {
    refresh: loop.refresh,
    live: (session) => live.get(session),
    all: () => live.values(),
    tell(session, status) {
      const before = said.get(session);
      if (before?.status === status?.status && before?.reason === status?.reason) return;
      if (status === null) said.delete(session);
      else said.set(session, status);
      loop.kick();
    },
    tells: (session) => said.has(session),
    prompted(session, reason) {
      if (prompts.get(session)?.reason === reason || (reason === null && !prompts.has(session))) return;
      if (reason === null) prompts.delete(session);
      else prompts.set(session, { status: "waiting", reason });
      loop.kick();
    },
    async foreground(session) {
      const pane = live.get(session);
      return pane === undefined ? [] : processes.foreground(pane.row.panePid);
    },
    screen: previews.screen,
    onLook(listener) {
      lookers.add(listener);
      return () => lookers.delete(listener);
    },
    free: () => free,
    server: servers.on,
    spawning,
    async adopt(pane, session) {
      await tellLive([{ ...pane, record: newRecord(pane, session, await agents.find(pane.row)) }]);
      if (records.get(session) === undefined) return false;
      unadoptedToldAt = Number.NEGATIVE_INFINITY;
      await loop.refresh();
      return true;
    },
    listen: listeners.listen,
    resized(session, cols, rows) {
      if (listeners.seen(session, cols, rows)) loop.kick();
    },
    problems: () => problems,
    announce() {
      const messages = [...records.all()].flatMap((record) => announcement(record, clock()));
      for (let at = 0; at < messages.length; at += BATCH) put(messages.slice(at, at + BATCH), []);
    },
    start: loop.start,
    async stop() {
      stopped = true;
      glances.stop();
      git.stop();
      claude.stop();
      // Channels that end answer everything that waits for them, also the look.
      servers.stop();
      await loop.stop();
    },
  };
}

function newRecord(pane: SeenPane, session: string, agent: AgentName): SessionRecord {
  return {
    session,
    socket: pane.socket,
    key: pane.key,
    spawned: false,
    killed: false,
    title: paneTitle(agent, pane.row.command, pane.row.cwd),
    worktree: null,
    facts: null,
    status: null,
    reason: null,
    endedAt: null,
    endReason: null,
  };
}
