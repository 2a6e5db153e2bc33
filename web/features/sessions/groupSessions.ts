import { matchesFilter, type SessionFilter } from "../../../protocol/filter.ts";
import type { Host } from "../../../protocol/host.ts";
import type { Approval } from "../../../protocol/approvals.ts";
import { isEnded, type Session } from "../../../protocol/session.ts";
import { byNeed, needOf, type Need } from "./needOf.ts";

/** Key of the group of sessions that work on no host. */
export const NO_HOST = "none";

type Group = "attention" | "finished" | "host" | "ended";
type Found = { id: string; session: Session; need: Need | null };

/** One line of the list: the head of a group, or a session. */
export type ListRow =
  | { kind: "group"; key: string; group: Group; host: Host | null; count: number }
  | {
      kind: "session";
      key: string;
      session: Session;
      need: Need | null;
      host: Host | null;
      /** The group does not say which host it is. */ showHost: boolean;
    };

/**
 * The list as it is shown: what needs the person first (who waits for a yes, who asks, what failed; the longest on top), then what
 * has finished and nobody has looked at, then each host's open sessions (newest first, so that nothing moves unless something
 * happened), then what has ended (last on top).
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
  const byHost = new Map<string | null, Found[]>();
  let count = 0;
  for (const session of sessions) {
    if (!matchesFilter(session, filter)) continue;
    count++;
    const { id } = session;
    const need = needOf(session, waiting.get(id) ?? [], { looked: looked?.get(id) ?? 0, now });
    if (need !== null) (need.kind === "finished" ? finished : attention).push({ id, session, need });
    else if (isEnded(session)) ended.push({ id, session, need });
    else {
      const list = byHost.get(session.host);
      if (list === undefined) byHost.set(session.host, [{ id, session, need }]);
      else list.push({ id, session, need });
    }
  }
  const hostOf = (session: Session): Host | null =>
    session.host === null ? null : (hosts.get(session.host) ?? null);
  const rows: ListRow[] = [];
  const add = (group: Group, key: string, host: Host | null, list: Found[]): void => {
    if (list.length === 0) return;
    rows.push({ kind: "group", key, group, host, count: list.length });
    for (const { session, need } of list)
      rows.push({
        kind: "session",
        key: session.id,
        session,
        need,
        host: hostOf(session),
        showHost: group !== "host",
      });
  };

  add("attention", "attention", null, attention.sort(byNeed));
  add("finished", "finished", null, finished.sort(byNeed));
  const groups = [...byHost].map(([id, list]) => ({
    id,
    host: id === null ? null : (hosts.get(id) ?? null),
    list,
  }));
  for (const { id, host, list } of groups.sort((a, b) => compareNames(a.host, b.host)))
    add(
      "host",
      id ?? NO_HOST,
      host,
      list.sort((a, b) => b.session.created_at - a.session.created_at || byId(a, b)),
    );
  add(
    "ended",
    "ended",
    null,
    ended.sort((a, b) => (b.session.ended_at ?? 0) - (a.session.ended_at ?? 0) || byId(a, b)),
  );
  return { rows, count };
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
