import { matchesFilter, type SessionFilter } from "../../../protocol/filter.ts";
import type { Host } from "../../../protocol/host.ts";
import { isEnded, needsAttention, type Session } from "../../../protocol/session.ts";
import { byUrgency } from "../../shared/lib/byUrgency.ts";

/** Key of the group of sessions that work on no host. */
export const NO_HOST = "none";

/** One line of the list: the head of a group, or a session. */
export type ListRow =
  | { kind: "group"; key: string; group: "attention" | "host" | "ended"; host: Host | null; count: number }
  | {
      kind: "session";
      key: string;
      session: Session;
      host: Host | null;
      /** The group does not say which host it is. */ showHost: boolean;
    };

/**
 * The list as it is shown: what needs the person first (who waits before what failed, the longest on top), then each host's open sessions
 * (newest first, so that nothing moves unless something happened), then what has ended (last on top).
 */
export function groupSessions(
  sessions: Iterable<Session>,
  hosts: ReadonlyMap<string, Host>,
  filter: SessionFilter,
): { rows: ListRow[]; count: number } {
  const attention: Session[] = [];
  const ended: Session[] = [];
  const byHost = new Map<string | null, Session[]>();
  let count = 0;
  for (const session of sessions) {
    if (!matchesFilter(session, filter)) continue;
    count++;
    if (needsAttention(session)) attention.push(session);
    else if (isEnded(session)) ended.push(session);
    else {
      const list = byHost.get(session.host);
      if (list === undefined) byHost.set(session.host, [session]);
      else list.push(session);
    }
  }
  const hostOf = (session: Session): Host | null =>
    session.host === null ? null : (hosts.get(session.host) ?? null);
  const rows: ListRow[] = [];
  const add = (
    group: "attention" | "host" | "ended",
    key: string,
    host: Host | null,
    list: Session[],
  ): void => {
    if (list.length === 0) return;
    rows.push({ kind: "group", key, group, host, count: list.length });
    for (const session of list)
      rows.push({
        kind: "session",
        key: session.id,
        session,
        host: hostOf(session),
        showHost: group !== "host",
      });
  };

  add("attention", "attention", null, attention.sort(byUrgency));
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
      list.sort((a, b) => b.created_at - a.created_at || byId(a, b)),
    );
  add(
    "ended",
    "ended",
    null,
    ended.sort((a, b) => (b.ended_at ?? 0) - (a.ended_at ?? 0) || byId(a, b)),
  );
  return { rows, count };
}

function compareNames(a: Host | null, b: Host | null): number {
  return (a?.name ?? "\uffff").localeCompare(b?.name ?? "\uffff", undefined, { numeric: true });
}

function byId(a: Session, b: Session): number {
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
