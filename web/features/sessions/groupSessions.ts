import { matchesFilter, type SessionFilter } from "../../../protocol/filter.ts";
import type { Host } from "../../../protocol/host.ts";
import type { Approval } from "../../../protocol/approvals.ts";
import { isEnded, type Session } from "../../../protocol/session.ts";
import { foldJobs, type Fold } from "../../shared/live/foldJobs.ts";
import { byNeed, needOf, type Need } from "./needOf.ts";

/** Key of the group of sessions that work on no host. */
export const NO_HOST = "none";

type Group = "attention" | "finished" | "host" | "ended";
/** Its newest sign of life, for its place among the others. */
type PlacedFold = Fold & { at: number };
type Found = { id: string; session: Session; need: Need | null };

/** One line of the list: the head of a group, a session, or those of a run or a task. */
export type ListRow =
  | { kind: "group"; key: string; group: Group; host: Host | null; count: number }
  | {
      kind: "session";
      key: string;
      session: Session;
      need: Need | null;
      host: Host | null;
      /** The group does not say which host it is. */ showHost: boolean;
    }
  | { kind: "fold"; key: string; fold: PlacedFold };

/**
 * The list as it is shown: what needs the person first (who waits for a yes, who asks, what failed; the longest on top), then what
 * has finished and nobody has looked at, then each host's open sessions (newest first, so that nothing moves unless something
 * happened), then what has ended (last on top). The agents of a run or a task that need nobody are one row.
 */
export function groupSessions(
  sessions: Iterable<Session>,
  hosts: ReadonlyMap<string, Host>,
  filter: SessionFilter,
  news: { approvals?: Iterable<Approval>; looked?: ReadonlyMap<string, number>; now?: number } = {},
): { rows: ListRow[]; count: number } {
  const { looked, now = Date.now() } = news;
  const waiting = Map.groupBy(pending(news.approvals ?? []), ({ session }) => session);
  const attention: (Found & { need: Need })[] = [];
  const finished: (Found & { need: Need })[] = [];
  const ended: Found[] = [];
  const others: Found[] = [];
  const byHost = new Map<string | null, Found[]>();
  const foldsByHost = new Map<string | null, PlacedFold[]>();
  let count = 0;
  for (const session of sessions) {
    if (!matchesFilter(session, filter)) continue;
    count++;
    const { id } = session;
    const need = needOf(session, waiting.get(id) ?? [], { looked: looked?.get(id) ?? 0, now });
    if (need !== null) (need.kind === "finished" ? finished : attention).push({ id, session, need });
    else others.push({ id, session, need });
  }
  const { alone, folds } = foldJobs(others);
  for (const each of alone)
    if (isEnded(each.session)) ended.push(each);
    else put(byHost, each.session.host, each);
  const foldedAway: PlacedFold[] = [];
  for (const fold of folds) {
    // A run that goes on stands where its first agent works that does.
    const open = fold.sessions.find((session) => !isEnded(session));
    if (open === undefined)
      foldedAway.push({ ...fold, at: Math.max(...fold.sessions.map(({ ended_at }) => ended_at ?? 0)) });
    else
      put(foldsByHost, open.host, { ...fold, at: Math.min(...fold.sessions.map((each) => each.created_at)) });
  }
  const hostOf = (session: Session): Host | null =>
    session.host === null ? null : (hosts.get(session.host) ?? null);
  const rows: ListRow[] = [];
  const add = (
    group: Group,
    key: string,
    host: Host | null,
    list: Found[],
    folded: PlacedFold[] = [],
  ): void => {
    if (list.length + folded.length === 0) return;
    const inFolds = folded.reduce((sum, { sessions: { length } }) => sum + length, 0);
    rows.push({ kind: "group", key, group, host, count: list.length + inFolds });
    const at = ({ session }: Found): number =>
      group === "ended" ? (session.ended_at ?? 0) : session.created_at;
    const waiting = folded.toSorted((a, b) => b.at - a.at);
    const addFolds = (until: number): void => {
      while (waiting[0] !== undefined && waiting[0].at >= until) {
        const [fold] = waiting.splice(0, 1);
        if (fold !== undefined) rows.push({ kind: "fold", key: `${key} ${fold.key}`, fold });
      }
    };
    for (const each of list) {
      const { session, need } = each;
      addFolds(at(each));
      rows.push({
        kind: "session",
        key: session.id,
        session,
        need,
        host: hostOf(session),
        showHost: group !== "host",
      });
    }
    addFolds(-Infinity);
  };

  add("attention", "attention", null, attention.sort(byNeed));
  add("finished", "finished", null, finished.sort(byNeed));
  const groups = [...new Set([...byHost.keys(), ...foldsByHost.keys()])].map((id) => ({
    id,
    host: id === null ? null : (hosts.get(id) ?? null),
    list: byHost.get(id) ?? [],
    folded: foldsByHost.get(id) ?? [],
  }));
  for (const { id, host, list, folded } of groups.sort((a, b) => compareNames(a.host, b.host)))
    add(
      "host",
      id ?? NO_HOST,
      host,
      list.sort((a, b) => b.session.created_at - a.session.created_at || byId(a, b)),
      folded,
    );
  add(
    "ended",
    "ended",
    null,
    ended.sort((a, b) => (b.session.ended_at ?? 0) - (a.session.ended_at ?? 0) || byId(a, b)),
    foldedAway,
  );
  return { rows, count };
}

function put<K, V>(lists: Map<K, V[]>, key: K, item: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** What waits for a decision, oldest first. */
function pending(approvals: Iterable<Approval>): Approval[] {
  return [...approvals]
    .filter(({ status }) => status === "pending")
    .sort((a, b) => a.created_at - b.created_at);
}

function compareNames(a: Host | null, b: Host | null): number {
  return (a?.name ?? "\uffff").localeCompare(b?.name ?? "\uffff", undefined, { numeric: true });
}

function byId(a: Found, b: Found): number {
  return a.id < b.id ? 1 : -1;
}

/** How many sessions there are in each state, for the filter's chips. */
export function countByStatus(
  sessions: Iterable<Session>,
  filter: SessionFilter,
): Map<Session["status"], number> {
  const { status: _status, ...rest } = filter;
  const counts = new Map<Session["status"], number>();
  for (const session of sessions) {
    if (matchesFilter(session, rest)) counts.set(session.status, (counts.get(session.status) ?? 0) + 1);
  }
  return counts;
}
