import type { Approval } from "../../../protocol/approvals.ts";
import { type HubChange, type HubServerFrame, ListName } from "../../../protocol/hubFrames.ts";
import type { Host } from "../../../protocol/host.ts";
import type { Session } from "../../../protocol/session.ts";
import { isRunEnded, type Run } from "../../../protocol/run.ts";
import { isTaskEnded, type Task } from "../../../protocol/tasks.ts";

type Lists = {
  sessions: ReadonlyMap<string, Session>;
  hosts: ReadonlyMap<string, Host>;
  /** Those that wait, and those that were decided lately while this page looked on. */
  approvals: ReadonlyMap<string, Approval>;
  /** Those that are not over, and those that ended lately while this page looked on. */
  tasks: ReadonlyMap<string, Task>;
  runs: ReadonlyMap<string, Run>;
};

/** What the hub told: every session, host and approval, and the cursor to come back with. */
export type HubState = Lists & {
  epoch: string | null;
  rev: number;
  /** True once there was a whole picture, however old it is now. */
  loaded: boolean;
  /** How often each list that is not a part of the picture was said to have changed; all of them whenever a connection begins. */
  news: ReadonlyMap<string, number>;
  /** A new picture that is still coming; the old one is shown until it is whole. */
  incoming: (Lists & { epoch: string }) | null;
  /** Versions of what was removed, so that a change that was overtaken cannot bring it back. */
  removed: ReadonlyMap<string, number>;
};

/** Removed ids that are remembered. */
const MAX_REMOVED = 2_000;
/** Decided approvals, and tasks and runs that are over, that are kept, so that a page can say what became of them. */
const MAX_OVER = 200;

export const EMPTY_HUB: HubState = {
  epoch: null,
  rev: 0,
  sessions: new Map(),
  hosts: new Map(),
  approvals: new Map(),
  tasks: new Map(),
  runs: new Map(),
  loaded: false,
  news: new Map(),
  incoming: null,
  removed: new Map(),
};

/** The state after a frame. Frames may come twice, and changes may overtake one another: a version never goes back. */
export function applyHubFrame(state: HubState, frame: HubServerFrame): HubState {
  if (frame.type === "reset") {
    const incoming = {
      epoch: frame.epoch,
      sessions: new Map<string, Session>(),
      hosts: new Map<string, Host>(),
      approvals: new Map<string, Approval>(),
      tasks: new Map<string, Task>(),
      runs: new Map<string, Run>(),
    };
    return { ...state, incoming, removed: new Map() };
  }
  if (frame.type === "ready") return withNews(becomeReady(state, frame.epoch, frame.rev), ListName.options);
  if (frame.type === "news") return withNews(state, frame.lists);
  if (state.incoming !== null) {
    const { removed, ...lists } = applyChanges(state.incoming, state.removed, frame.changes);
    return { ...state, removed, incoming: { ...lists, epoch: state.incoming.epoch } };
  }
  // A frame that was heard before; without this a repeated removal would take away what came after it.
  if (frame.rev < state.rev) return state;
  return { ...state, ...applyChanges(state, state.removed, frame.changes), rev: frame.rev };
}

function withNews(state: HubState, lists: readonly string[]): HubState {
  const news = new Map(state.news);
  for (const list of lists) news.set(list, (news.get(list) ?? 0) + 1);
  return { ...state, news };
}

function becomeReady(state: HubState, epoch: string, rev: number): HubState {
  if (state.incoming === null) return { ...state, epoch, rev: Math.max(rev, state.rev), loaded: true };
  const { epoch: _epoch, ...lists } = state.incoming;
  return { ...state, ...lists, epoch, rev, loaded: true, incoming: null };
}

function applyChanges(
  lists: Lists,
  removed: ReadonlyMap<string, number>,
  changes: HubChange[],
): Lists & Pick<HubState, "removed"> {
  const sessions = new Map(lists.sessions);
  const hosts = new Map(lists.hosts);
  const approvals = new Map(lists.approvals);
  const tasks = new Map(lists.tasks);
  const runs = new Map(lists.runs);
  const gone = new Map(removed);
  for (const change of changes) {
    if (change.kind === "session") put(sessions, gone, change.session);
    else if (change.kind === "host") put(hosts, gone, change.host);
    else if (change.kind === "approval") put(approvals, gone, change.approval);
    else if (change.kind === "task") put(tasks, gone, change.task);
    else if (change.kind === "run") put(runs, gone, change.run);
    else if (change.kind === "session_removed") {
      remove(sessions, gone, change.id);
      for (const { id, session } of approvals.values())
        if (session === change.id) remove(approvals, gone, id);
    } else remove(hosts, gone, change.id);
  }
  forgetOver(approvals, ({ status }) => status !== "pending");
  forgetOver(tasks, isTaskEnded);
  forgetOver(runs, ({ status }) => isRunEnded(status));
  return { sessions, hosts, approvals, tasks, runs, removed: gone };
}

function forgetOver<T extends { id: string }>(list: Map<string, T>, isOver: (item: T) => boolean): void {
  const over = [...list.values()].filter(isOver);
  for (const { id } of over.slice(0, Math.max(0, over.length - MAX_OVER))) list.delete(id);
}

function put<T extends { id: string; version: number }>(
  list: Map<string, T>,
  gone: Map<string, number>,
  next: T,
): void {
  const known = list.get(next.id)?.version ?? gone.get(next.id);
  if (known !== undefined && next.version <= known) return;
  gone.delete(next.id);
  list.set(next.id, next);
}

function remove<T extends { version: number }>(
  list: Map<string, T>,
  gone: Map<string, number>,
  id: string,
): void {
  const known = list.get(id);
  if (known === undefined) return;
  list.delete(id);
  gone.set(id, known.version);
  if (gone.size <= MAX_REMOVED) return;
  const oldest = gone.keys().next();
  if (oldest.done !== true) gone.delete(oldest.value);
}
