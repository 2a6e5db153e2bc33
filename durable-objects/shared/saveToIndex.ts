import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Host } from "../../protocol/host.ts";
import { isEnded, needsAttention, type Session } from "../../protocol/session.ts";
import { searchText } from "../../protocol/filter.ts";
import type { Approval, Rule } from "../../protocol/approvals.ts";
import type { Span } from "../../protocol/traces.ts";
import { approvals, audit, hosts, rules, sessions, spans } from "../../worker/db/schema.ts";
import { type AuditEntry, auditOfApproval, auditOfRule } from "./audit.ts";

type Index = ReturnType<typeof drizzle>;

/** What of a session goes to D1's index. */
export type Indexed = { sessions: Session[]; approvals: Approval[]; spans: Span[]; audit: AuditEntry[] };

/** Writes to D1's index, all or nothing; an older version than the one that is there changes nothing. */
export async function saveToIndex(d1: D1Database, indexed: Indexed): Promise<void> {
  const db = drizzle(d1);
  const [first, ...rest] = [
    ...indexed.sessions.map((session) => sessionRow(db, session)),
    ...indexed.approvals.flatMap((approval) => approvalRows(db, approval)),
    ...spanRows(db, indexed.spans),
    ...indexed.audit.map((entry) => db.insert(audit).values(entry).onConflictDoNothing()),
  ];
  if (first === undefined) return;
  if (rest.length === 0) await first;
  else await db.batch([first, ...rest]);
}

function sessionRow(db: Index, session: Session) {
  const row = {
    host: session.host,
    provider: session.provider,
    status: session.status,
    attention: Number(needsAttention(session)),
    ended: Number(isEnded(session)),
    hay: searchText(session),
    updated_at: session.updated_at,
    version: session.version,
    json: JSON.stringify(session),
  };
  const { id, team, created_at } = session;
  return (
    db
      .insert(sessions)
      .values({ id, team, created_at, ...row })
      // What never changes is not set: naming a column writes its index again.
      .onConflictDoUpdate({
        target: sessions.id,
        set: row,
        setWhere: sql`excluded.version > ${sessions.version}`,
      })
  );
}

/** Takes a session and its spans out of the index. */
export async function removeSession(d1: D1Database, id: string): Promise<void> {
  const db = drizzle(d1);
  await db.batch([
    db.delete(sessions).where(eq(sessions.id, id)),
    db.delete(spans).where(eq(spans.session, id)),
  ]);
}

/** Writes what a host object says of its host; the row itself is made and removed by the Worker. */
export async function saveHost(d1: D1Database, host: Host): Promise<void> {
  await drizzle(d1)
    .update(hosts)
    .set({ name: host.name, version: host.version, json: JSON.stringify(host) })
    .where(sql`${hosts.id} = ${host.id} AND ${hosts.version} < ${host.version}`);
}

/** Notes who did what to what; the same entry again changes nothing. */
export async function saveAudit(d1: D1Database, entry: AuditEntry): Promise<void> {
  await drizzle(d1).insert(audit).values(entry).onConflictDoNothing();
}

/** Writes a rule to the index, with its audit; an older version, or one that was removed since, changes nothing. */
export async function saveRule(d1: D1Database, rule: Rule): Promise<void> {
  const { id, team, tool, expires_at, version = 1 } = rule;
  const row = { team, tool, expires_at, version, json: JSON.stringify(rule) };
  const db = drizzle(d1);
  await db.batch([
    db
      .insert(rules)
      .values({ id, ...row })
      .onConflictDoUpdate({
        target: rules.id,
        set: row,
        setWhere: sql`excluded.version > ${rules.version} AND ${rules.removed_at} IS NULL`,
      }),
    db.insert(audit).values(auditOfRule(rule)).onConflictDoNothing(),
  ]);
}

/** An approval, and its audit once it has ended. */
function approvalRows(db: Index, approval: Approval) {
  const { id, team, session, host, status, created_at, version } = approval;
  const row = { status, version, json: JSON.stringify(approval) };
  const save = db
    .insert(approvals)
    .values({ id, team, session, host, created_at, ...row })
    .onConflictDoUpdate({
      target: approvals.id,
      set: row,
      setWhere: sql`excluded.version > ${approvals.version}`,
    });
  const entry = auditOfApproval(approval);
  return entry === null ? [save] : [save, db.insert(audit).values(entry).onConflictDoNothing()];
}

/** D1 takes at most a hundred parameters. */
const SPANS_AT_ONCE = 14;

function spanRows(db: Index, ended: Span[]) {
  const statements = [];
  for (let from = 0; from < ended.length; from += SPANS_AT_ONCE) {
    const rows = ended.slice(from, from + SPANS_AT_ONCE).map((span) => {
      const { session, id, team, turn, started_at, version } = span;
      return { session, id, team, turn, started_at, version, json: JSON.stringify(span) };
    });
    statements.push(
      db
        .insert(spans)
        .values(rows)
        .onConflictDoUpdate({
          target: [spans.session, spans.id],
          set: { version: sql`excluded.version`, json: sql`excluded.json` },
          setWhere: sql`excluded.version > ${spans.version}`,
        }),
    );
  }
  return statements;
}
