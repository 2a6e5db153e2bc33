import type { Host } from "../../../protocol/host.ts";
import { isEnded, needsAttention, type Session } from "../../../protocol/session.ts";
import { foldJobs, type Fold } from "../../shared/live/foldJobs.ts";

export type RailRow =
  | { kind: "host"; key: string; host: Host }
  /** Over the sessions that work on no host. */
  | { kind: "none"; key: string }
  | { kind: "session"; key: string; session: Session }
  | { kind: "fold"; key: string; fold: Fold };

/** The rail's rows: each host with its open sessions, and with those that failed and wait to be seen; the agents of a run or a task as one. */
export function railRows(sessions: Iterable<Session>, hosts: Iterable<Host>): RailRow[] {
  const byHost = new Map<string | null, Session[]>();
  for (const session of sessions) {
    if (isEnded(session) && !needsAttention(session)) continue;
    const list = byHost.get(session.host);
    if (list === undefined) byHost.set(session.host, [session]);
    else list.push(session);
  }
  const rows: RailRow[] = [];
  const add = (list: Session[]): void => {
    const { alone, folds } = foldJobs(list.map((session) => ({ session })));
    for (const { session } of alone.sort(
      ({ session: a }, { session: b }) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1),
    ))
      rows.push({ kind: "session", key: session.id, session });
    for (const fold of folds) rows.push({ kind: "fold", key: `${list[0]?.host ?? ""} ${fold.key}`, fold });
  };
  for (const host of [...hosts].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))) {
    rows.push({ kind: "host", key: host.id, host });
    add(byHost.get(host.id) ?? []);
  }
  const homeless = byHost.get(null) ?? [];
  if (homeless.length > 0) rows.push({ kind: "none", key: "none" });
  add(homeless);
  return rows;
}
